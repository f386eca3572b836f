"""What destinations were told of groups, as the outbox has it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from metrics.notify.facts import Told
from metrics.notify.message import Message, restored
from metrics.notify.models import DELIVERED, EXPIRED, FAILED, QUEUED, Destination, OutboxMessage
from metrics.notify.telling import Line, Receiver, Written


def receiver(row: Destination) -> Receiver:
    """A destination as it is asked whether it can be told."""
    return Receiver(
        id=row.pk,
        is_enabled=row.is_enabled,
        is_fallback=row.is_fallback,
        failing_since_ms=row.failing_since_ms,
        has_refused=row.has_refused,
    )


def lines_of(group_ids: Iterable[int], now_ms: int) -> dict[int, dict[int, Line]]:
    """By group and destination: what was delivered last, what is queued, what was given up last."""
    found: defaultdict[int, dict[int, Line]] = defaultdict(dict)
    rows = OutboxMessage.objects.filter(group_id__in=list(group_ids)).order_by(
        "group", "destination", "sequence"
    )
    last = rows.annotate(
        place=Window(
            RowNumber(),
            partition_by=[F("group"), F("destination"), F("status")],
            order_by=F("sequence").desc(),
        )
    ).filter(Q(place=1))
    for row in last:
        line = found[row.group_id].get(row.destination_id, Line())
        found[row.group_id][row.destination_id] = _with(line, row, now_ms)
    return found


def _with(line: Line, row: OutboxMessage, now_ms: int) -> Line:
    """Rows come in order of their sequence, the last of each status."""
    line = replace(line, last_sequence=max(line.last_sequence, row.sequence))
    if row.status == DELIVERED:
        return replace(line, told=Told.of(restored(row.body)), given_up=None)
    if row.status == QUEUED:
        return replace(line, queued=_written(row, now_ms))
    if row.status in (FAILED, EXPIRED):
        return replace(line, given_up=_written(row, now_ms))
    return line


def _written(row: OutboxMessage, now_ms: int) -> Written:
    message: Message = restored(row.body)
    return Written(
        id=row.pk,
        state=message.state,
        digest=message.digest,
        resolved_until_ms=message.resolved_until_ms,
        expires_at_ms=row.expires_at_ms,
        is_in_flight=row.lease_until_ms > now_ms,
        at_ms=row.created_at_ms,
    )
