"""Whether evaluating, telling and sending move, as the database has it."""

from django.db.models import Min, Q

from clusters.models import Cluster
from metrics.alerts.models import AlertGroup
from metrics.notify.models import QUEUED, Destination, OutboxMessage
from metrics.notify.told import receiver
from metrics.notify.trouble import DeliveryTrouble, Health, delivery_trouble

STALE_AFTER_MS = 60_000
NEW_FOR_MS = 300_000
"""So long a cluster may take until it is evaluated for the first time."""


def standing_still(now_ms: int) -> str:
    """What has not moved for a minute, in words; empty where everything does."""
    limit_ms = now_ms - STALE_AFTER_MS
    never = Q(evaluation__isnull=True, added_at_ms__lte=now_ms - NEW_FOR_MS)
    stale = Cluster.objects.filter(Q(evaluation__evaluated_at_ms__lte=limit_ms) | never, is_paused=False)
    if name := stale.order_by("pk").values_list("name", flat=True).first():
        return f"the rules of {name} have not been judged for a minute"
    if AlertGroup.objects.filter(flush_at_ms__lte=limit_ms).exists():
        return "a group has been due to be told for a minute"
    if _oldest_sendable(limit_ms) is not None:
        return "a message has waited to be sent for a minute"
    return ""


def current_trouble(now_ms: int) -> DeliveryTrouble | None:
    """What the banner says. Two small queries, and none at all where there is no destination."""
    rows = list(Destination.objects.defer("sealed"))
    if not rows:
        return None
    health = [
        Health(
            name=row.name,
            is_enabled=row.is_enabled,
            failing_since_ms=row.failing_since_ms,
            is_out=receiver(row).is_out(now_ms),
            last_answer=row.last_answer,
            next_try_at_ms=row.closed_until_ms,
        )
        for row in rows
    ]
    due = [_oldest_due_group(now_ms), _oldest_sendable(now_ms)]
    oldest = min((at_ms for at_ms in due if at_ms is not None), default=None)
    return delivery_trouble(health, oldest_due_ms=oldest, now_ms=now_ms)


def _oldest_due_group(now_ms: int) -> int | None:
    found: int | None = AlertGroup.objects.filter(flush_at_ms__lte=now_ms).aggregate(at=Min("flush_at_ms"))[
        "at"
    ]
    return found


def _oldest_sendable(limit_ms: int) -> int | None:
    """Since when the oldest message could have left that could: its destination was open all the time."""
    waiting = OutboxMessage.objects.filter(
        status=QUEUED,
        next_try_at_ms__lte=limit_ms,
        lease_until_ms__lte=limit_ms,
        destination__is_enabled=True,
        destination__closed_until_ms__lte=limit_ms,
    )
    rows = waiting.values_list("next_try_at_ms", "lease_until_ms", "destination__closed_until_ms")
    return min((max(row) for row in rows[:1000]), default=None)
