"""Alerts, the groups they are told in, their trail, and what people set about rules."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from clusters.models import Cluster
from metrics.alerts.values import RESOLVED


class Silence(models.Model):
    """Alerts that match all matchers are told to nobody until it ends. Never deleted, only ended."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    matchers = models.JSONField(help_text="List of {name, op, value}; op is =, !=, =~ or !~.")
    reason = models.CharField(max_length=500)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at_ms = models.BigIntegerField()
    starts_at_ms = models.BigIntegerField()
    ends_at_ms = models.BigIntegerField(db_index=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at_ms__gte=models.F("starts_at_ms")), name="silence_ends")
        ]

    def __str__(self) -> str:
        return f"{self.reason[:40]} until {self.ends_at_ms}"


class AlertGroup(models.Model):
    """One cause: one row of the inbox and one message, with all alerts that come of it.

    Opened by the first of its alerts that fires, closed when the last is resolved; the next one of the
    same key opens another. `flush_at_ms` is when it has to be told about: written in the transaction
    that changes its alerts, so that no crash can come between.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cause = models.CharField(max_length=16, help_text="cluster, node, workload, image, rule, test, inbound.")
    key = models.CharField(max_length=400, help_text="What makes it the same cause.")
    rule = models.CharField(max_length=80, help_text="Of its worst and oldest alert: what it is called by.")
    severity = models.CharField(max_length=10)
    state = models.CharField(max_length=10, help_text="firing, unknown or resolved.")
    opened_at_ms = models.BigIntegerField()
    since_ms = models.BigIntegerField(help_text="Of its oldest alert.")
    changed_at_ms = models.BigIntegerField()
    resolved_at_ms = models.BigIntegerField(null=True, blank=True)
    resolved_reason = models.CharField(max_length=500, blank=True, help_text="condition, or by hand: why.")
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    taken_at_ms = models.BigIntegerField(null=True, blank=True)
    flush_at_ms = models.BigIntegerField(null=True, blank=True, help_text="Empty: nothing to tell.")
    flush_owner = models.CharField(max_length=120, blank=True)
    flush_lease_until_ms = models.BigIntegerField(default=0)
    notified_at_ms = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            # One open group of each cause; also how an alert finds its group.
            models.UniqueConstraint(fields=["key"], condition=~Q(state=RESOLVED), name="group_open_once"),
        ]
        indexes = [
            # What is due to be told.
            models.Index(fields=["flush_at_ms"], name="group_due", condition=Q(flush_at_ms__isnull=False)),
            # The inbox, and what was resolved lately.
            models.Index(fields=["state", "changed_at_ms"], name="group_by_state"),
            # Seen before.
            models.Index(fields=["key", "opened_at_ms"], name="group_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.rule} {self.state}"


class Alert(models.Model):
    """One rule on one subject of one cluster, from its first match to its end.

    Written by metrics.alerts.storing under the fence of the cluster's reader; pending ones that never
    fire are deleted. Those that were sent to us are written by metrics.alerts.receiving. `cluster` is empty
    for what is about the portal itself, and for what was sent of a cluster that is not registered.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    fingerprint = models.CharField(max_length=32)
    cluster = models.ForeignKey(
        Cluster, on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="alerts"
    )
    source = models.CharField(max_length=16, default="topmast", help_text="topmast or alertmanager.")
    rule = models.CharField(max_length=80)
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253, blank=True)
    node = models.CharField(max_length=253, blank=True)
    workload = models.CharField(max_length=320, blank=True)
    image = models.CharField(max_length=500, blank=True)
    severity = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    params = models.JSONField(default=dict, help_text="What its sentence tells.")
    labels = models.JSONField(default=dict, help_text="Of an inbound one: its own labels.")
    since_ms = models.BigIntegerField(help_text="When the condition was first seen to hold.")
    fired_at_ms = models.BigIntegerField(null=True, blank=True)
    last_true_at_ms = models.BigIntegerField()
    unknown_since_ms = models.BigIntegerField(null=True, blank=True)
    false_since_ms = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Holds no longer since then; may fire on a while.",
    )
    resolved_at_ms = models.BigIntegerField(null=True, blank=True)
    quiet_until_ms = models.BigIntegerField(
        null=True, blank=True, help_text="Resolved by hand: not told again before, unless it was over once."
    )
    end_reason = models.CharField(max_length=40, blank=True)
    group = models.ForeignKey(
        AlertGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="alerts"
    )
    inhibited_by = models.ForeignKey(
        AlertGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="inhibits"
    )
    silenced_by = models.ForeignKey(
        Silence, on_delete=models.SET_NULL, null=True, blank=True, related_name="alerts"
    )

    class Meta:
        constraints = [
            # One open alert of each rule and subject; also how it is found again.
            models.UniqueConstraint(
                fields=["fingerprint"], condition=~Q(state=RESOLVED), name="alert_open_once"
            ),
        ]
        indexes = [
            # What a reader takes up again, and a cluster's page.
            models.Index(fields=["cluster", "state"], name="alert_by_cluster"),
            # Lists, newest first; pruning.
            models.Index(fields=["state", "since_ms"], name="alert_by_state"),
            # What was resolved by hand and is not to be told again yet.
            models.Index(fields=["cluster"], name="alert_quiet", condition=Q(quiet_until_ms__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.kind} {self.namespace}/{self.name} {self.state}"


class AlertEvent(models.Model):
    """One line of a trail: what happened to a group or one of its alerts, and who did it.

    `what`: fired, unknown, known, changed, resolved, silenced, taken, released, assigned, noted, routed,
    nowhere (no route), queued, sent, failed … ; sentences are made of `what` and `params` when shown.
    """

    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, null=True, related_name="events")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    at_ms = models.BigIntegerField()
    what = models.CharField(max_length=20)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    params = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["group", "at_ms"], name="event_by_group")]

    def __str__(self) -> str:
        return f"{self.at_ms} {self.what}"


class RuleSetting(models.Model):
    """What somebody changed of a rule: off, or other limits, everywhere or for some. The narrowest wins."""

    rule = models.CharField(max_length=80)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, blank=True)
    selector = models.CharField(max_length=500, blank=True, help_text="Labels of clusters, such as env=dev.")
    namespace = models.CharField(max_length=63, blank=True)
    is_off = models.BooleanField(null=True, blank=True, help_text="Empty: as the next wider setting has it.")
    limits = models.JSONField(default=dict, help_text="for_seconds, severity … or a limit of the rule.")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    changed_at_ms = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "cluster", "namespace"],
                condition=Q(cluster__isnull=False),
                name="rule_setting_once_a_cluster",
            ),
            models.UniqueConstraint(
                fields=["rule", "selector", "namespace"],
                condition=Q(cluster__isnull=True),
                name="rule_setting_once_a_selector",
            ),
            models.CheckConstraint(
                condition=Q(cluster__isnull=True) | Q(selector=""), name="rule_setting_is_of_one_scope"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {'off' if self.is_off else self.limits}"


class Evaluation(models.Model):
    """When one cluster's rules were last judged. Another process raises the alarm where this stands still."""

    cluster = models.OneToOneField(
        Cluster, on_delete=models.CASCADE, primary_key=True, related_name="evaluation"
    )
    evaluated_at_ms = models.BigIntegerField()
    fence = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.cluster_id} at {self.evaluated_at_ms}"


class AuditEntry(models.Model):
    """Who changed what of rules, silences, destinations and routes. Written with the change; kept."""

    at_ms = models.BigIntegerField(db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    via = models.CharField(max_length=16, help_text="page, command or api.")
    action = models.CharField(max_length=40, help_text="Such as silence_added.")
    subject = models.CharField(max_length=200)
    params = models.JSONField(default=dict, help_text="Before and after; never a secret.")

    class Meta:
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
