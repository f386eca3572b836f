"""A test of a destination: a real alert of severity `test`, told by the same steps as any other."""

from dataclasses import dataclass
from uuid import uuid4

from django.db import transaction

from clusters.access.models import User
from metrics.alerts.audit import audit
from metrics.alerts.models import Alert, AlertEvent, AlertGroup
from metrics.alerts.values import FIRING, AlertKey, Subject, fingerprint
from metrics.notify.facts import TEST_SEVERITY
from metrics.notify.flushing import TEST_CAUSE
from metrics.notify.models import DELIVERED, QUEUED, Delivery, Destination, OutboxMessage
from metrics.notify.words import TEST_RULE

SUBJECT_KIND = "Destination"


@dataclass(frozen=True)
class Outcome:
    """How far a test has come. `has_ended` says that nothing more will happen by itself soon."""

    is_delivered: bool
    has_ended: bool
    answer: str = ""
    status: int | None = None
    latency_ms: int | None = None
    attempts: int = 0


def begin_test(destination: Destination, *, user: User | None, via: str, now_ms: int) -> AlertGroup:
    """Raise the alert; the worker tells of it as of any other, at once."""
    uuid = uuid4()
    subject = Subject(SUBJECT_KIND, "", str(uuid))
    with transaction.atomic():
        group = AlertGroup.objects.create(
            uuid=uuid, cause=TEST_CAUSE, key=f"{TEST_CAUSE}:{uuid}", rule=TEST_RULE, severity=TEST_SEVERITY,
            state=FIRING, opened_at_ms=now_ms, since_ms=now_ms, changed_at_ms=now_ms, flush_at_ms=now_ms,
        )  # fmt: skip
        alert = Alert.objects.create(
            fingerprint=fingerprint(cluster="", key=AlertKey(TEST_RULE, subject)), rule=TEST_RULE,
            kind=SUBJECT_KIND, name=destination.name, severity=TEST_SEVERITY, state=FIRING, group=group,
            params={"destination": str(destination.uuid), "destination_name": destination.name},
            since_ms=now_ms, fired_at_ms=now_ms, last_true_at_ms=now_ms,
        )  # fmt: skip
        AlertEvent.objects.create(group=group, alert=alert, at_ms=now_ms, what="fired", user=user)
        # A breaker must not hold up whoever tries whether the cause is mended.
        Destination.objects.filter(pk=destination.pk, failures__gt=0).update(closed_until_ms=now_ms)
        audit(
            user=user, via=via, action="test_sent", subject=str(destination.uuid),
            params={"name": destination.name}, now_ms=now_ms,
        )  # fmt: skip
    return group


def outcome_of(group: AlertGroup) -> Outcome:
    """What has come of a test so far."""
    message = OutboxMessage.objects.filter(group=group).order_by("-sequence").first()
    if message is None:
        return Outcome(is_delivered=False, has_ended=False)
    last = Delivery.objects.filter(message=message).order_by("-pk").first()
    is_delivered = message.status == DELIVERED
    will_be_tried_soon = message.status == QUEUED and (last is None or last.outcome == "plain")
    return Outcome(
        is_delivered=is_delivered,
        has_ended=not will_be_tried_soon,
        answer=message.last_answer,
        status=last.status if last else None,
        latency_ms=last.latency_ms if last else None,
        attempts=message.attempts,
    )
