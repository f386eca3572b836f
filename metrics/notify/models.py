"""Destinations, routes to them, what each shall be told, and every attempt."""

import uuid

from django.db import models
from django.db.models import Q

from clusters.access.models import Team
from clusters.models import Cluster
from metrics.alerts.models import AlertGroup

QUEUED = "queued"
DELIVERED = "delivered"
SUPPRESSED = "suppressed"
REPLACED = "replaced"
EXPIRED = "expired"
FAILED = "failed"


class Destination(models.Model):
    """Where messages go: one Slack channel, one mailbox. The address is a secret and sealed.

    Only workers can open it; people are shown its host and fingerprint.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, help_text="A file of metrics/notify/kinds.")
    sealed = models.BinaryField(help_text="The address and secret, as JSON; bound to this row and host.")
    key_id = models.CharField(max_length=16)
    host = models.CharField(max_length=253)
    fingerprint = models.CharField(
        max_length=16, help_text="First of the address's sha256, to tell two apart."
    )
    is_enabled = models.BooleanField(default=True)
    is_fallback = models.BooleanField(default=False, help_text="Told where another cannot be.")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True)
    created_at_ms = models.BigIntegerField()
    changed_at_ms = models.BigIntegerField()
    # Its health.
    failing_since_ms = models.BigIntegerField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    has_refused = models.BooleanField(
        default=False, help_text="Its last answer said that trying again does not help."
    )
    last_answer = models.CharField(max_length=300, blank=True)
    last_try_at_ms = models.BigIntegerField(null=True, blank=True)
    last_success_at_ms = models.BigIntegerField(null=True, blank=True)
    closed_until_ms = models.BigIntegerField(default=0, help_text="Breaker and pace: nothing is sent before.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Route(models.Model):
    """Which groups go to a destination. All that is set must hold; without anything set it takes all."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="routes")
    is_default = models.BooleanField(default=False, help_text="Takes what no other route takes.")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, blank=True)
    selector = models.CharField(max_length=500, blank=True, help_text="Labels of clusters, such as env=prod.")
    namespace = models.CharField(max_length=63, blank=True)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, help_text="Clusters this team may see."
    )
    severities = models.JSONField(default=list, help_text="Empty: critical and warning and info.")
    hours = models.JSONField(
        null=True, blank=True, help_text="Empty: always. Else days, from_minute, to_minute, zone."
    )
    created_at_ms = models.BigIntegerField()

    def __str__(self) -> str:
        return f"to {self.destination}"


class OutboxMessage(models.Model):
    """What one destination shall be told about one group. Its UUID is the id of every copy that leaves.

    Written by metrics.notify.flushing together with the group's marks; sent under a lease by
    metrics.notify.sending; ends delivered, suppressed, replaced, expired or failed.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="messages")
    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, related_name="messages")
    sequence = models.PositiveIntegerField(help_text="Of this group at this destination, from 1.")
    tells = models.CharField(
        max_length=20, help_text="firing, update, unknown, resolved, fired_and_resolved or test."
    )
    body = models.JSONField(help_text="metrics.notify.message.Message.")
    digest = models.CharField(max_length=32, help_text="Of what it tells: nobody is told the same twice.")
    status = models.CharField(max_length=12, default=QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    created_at_ms = models.BigIntegerField()
    next_try_at_ms = models.BigIntegerField()
    expires_at_ms = models.BigIntegerField()
    ended_at_ms = models.BigIntegerField(null=True, blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until_ms = models.BigIntegerField(default=0)
    last_answer = models.CharField(max_length=300, blank=True)
    as_plain_text = models.BooleanField(default=False, help_text="The product did not take the rich form.")
    remote_id = models.CharField(max_length=200, blank=True, help_text="What the product calls it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["destination", "group", "sequence"], name="message_once"),
            # Newer news replaces what waits; so nothing is told late, or in the wrong order.
            models.UniqueConstraint(
                fields=["destination", "group"], condition=Q(status=QUEUED), name="message_queued_once"
            ),
        ]
        indexes = [
            # What is due to be sent.
            models.Index(fields=["next_try_at_ms"], name="message_due", condition=Q(status=QUEUED)),
            # A group's trail, and what a destination was told last.
            models.Index(fields=["group", "destination", "sequence"], name="message_by_group"),
            # Pruning.
            models.Index(
                fields=["ended_at_ms"], name="message_by_end", condition=Q(ended_at_ms__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tells} to {self.destination_id}: {self.status}"


class Delivery(models.Model):
    """One attempt to send one message: what came of it and how long it took."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="deliveries")
    at_ms = models.BigIntegerField()
    outcome = models.CharField(max_length=12, help_text="delivered, retry, plain, failed or gone.")
    status = models.PositiveIntegerField(null=True, help_text="HTTP or SMTP status; empty: no answer.")
    answer = models.CharField(max_length=300, blank=True, help_text="Clipped; never the address.")
    latency_ms = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.outcome} {self.status or ''}"


class Heartbeat(models.Model):
    """Whether evaluating, telling and sending move; and the address that is told so each minute (sealed)."""

    name = models.CharField(max_length=40, unique=True)
    sealed = models.BinaryField(default=b"")
    key_id = models.CharField(max_length=16, blank=True)
    host = models.CharField(max_length=253, blank=True)
    fingerprint = models.CharField(max_length=16, blank=True)
    last_sent_at_ms = models.BigIntegerField(null=True, blank=True)
    last_answer = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name
