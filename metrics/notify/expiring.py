"""What ends by time alone: messages that could not be delivered, destinations that refuse for weeks."""

from django.db import transaction

from metrics.alerts.models import AlertEvent, AlertGroup
from metrics.notify import models
from metrics.notify.models import QUEUED, Destination, OutboxMessage

MOST_AT_ONCE = 500
DISABLED_AFTER_MS = 14 * 86_400_000
"""One that has refused everything for so long is asked no more, until somebody enables it."""


def expire(now_ms: int) -> int:
    """End what could not be delivered for 72 h, and ask those no more that refused for weeks."""
    late = OutboxMessage.objects.filter(status=QUEUED, expires_at_ms__lte=now_ms, lease_until_ms__lte=now_ms)
    count = 0
    for row in late.select_related("destination").defer("destination__sealed", "body")[:MOST_AT_ONCE]:
        with transaction.atomic():
            count += _expire_one(row, now_ms)
    Destination.objects.filter(
        is_enabled=True, has_refused=True, failing_since_ms__lte=now_ms - DISABLED_AFTER_MS
    ).update(is_enabled=False, last_answer="Disabled: it refused every message for two weeks.")
    return count


def _expire_one(row: OutboxMessage, now_ms: int) -> int:
    group = AlertGroup.objects.filter(pk=row.group_id)
    list(group.select_for_update(no_key=True).values_list("pk"))
    mine = OutboxMessage.objects.filter(pk=row.pk, status=QUEUED, lease_until_ms__lte=now_ms)
    if not mine.update(status=models.EXPIRED, ended_at_ms=now_ms):
        return 0
    params = {"destination": row.destination.name, "message": str(row.uuid), "tells": row.tells}
    AlertEvent.objects.create(group_id=row.group_id, at_ms=now_ms, what="expired", params=params)
    group.update(flush_at_ms=now_ms)
    return 1
