"""Joining the rows of the journal as they age. Changes are never merged, and no answer changes by it."""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models.functions import Length

from metrics import sql
from metrics.journal.changes import decode_steps
from metrics.journal.grouping import WIDEN_AFTER_MS, Head, groups
from metrics.journal.joined import Step, encode_steps
from metrics.journal.keys import join_keys
from metrics.models import JournalEntry, Snapshot

ROUND_MINUTES = 5
"""A cluster's journal is looked at this often."""
_LOOK_BACK_MS = WIDEN_AFTER_MS + 30 * 60_000
_COLUMNS = (
    "cluster_id",
    "history",
    "fence",
    "first_number",
    "last_number",
    "first_at_ms",
    "last_at_ms",
    "state",
    "keys",
    "changes",
)


class _OvertakenError(Exception):
    """Somebody else joined or pruned the same rows first."""


def compact_due(cluster_id: int, now_ms: int) -> int:
    """Join what is due, if this minute is that cluster's turn; how many rows are gone.

    Once an hour its whole journal is looked through, for what was missed while nobody worked.
    """
    minute = now_ms // 60_000
    if minute % ROUND_MINUTES != cluster_id % ROUND_MINUTES:
        return 0
    is_sweep = minute % 60 == cluster_id % 60
    return compact(cluster_id, now_ms, since_ms=0 if is_sweep else now_ms - _LOOK_BACK_MS)


def compact(cluster_id: int, now_ms: int, *, since_ms: int = 0) -> int:
    """Join what is due in one cluster's journal; how many rows are gone. Safe to run twice, also at once."""
    heads = _heads(cluster_id, since_ms)
    if len(heads) < 2:  # As in any quiet cluster.
        return 0
    keyframes = set(Snapshot.objects.filter(cluster_id=cluster_id).values_list("fence", "number"))
    joined = 0
    for group in list(groups(heads, keyframes=keyframes, now_ms=now_ms)):
        joined += _join(group)
    return joined


def _heads(cluster_id: int, since_ms: int) -> list[Head]:
    rows = JournalEntry.objects.filter(cluster_id=cluster_id, last_at_ms__gte=since_ms)
    columns = ("id", "history", "fence", "first_number", "last_number", "last_at_ms", Length("changes"))
    return [Head(*row) for row in rows.order_by("fence", "first_number").values_list(*columns)]


def _join(group: Sequence[Head]) -> int:
    """Replace the rows of one group by one row that says the same. Reads outside, writes in one go."""
    ids = [head.id for head in group]
    rows = list(JournalEntry.objects.filter(id__in=ids).order_by("first_number").values_list(*_COLUMNS))
    if len(rows) != len(ids):
        return 0
    joined = _joined(rows)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if JournalEntry.objects.filter(id__in=ids).delete()[0] != len(ids):
                raise _OvertakenError
            sql.insert_many(cursor, JournalEntry._meta.db_table, _COLUMNS, [joined])
    except _OvertakenError:
        return 0
    return len(ids) - 1


def _joined(rows: Sequence[tuple[object, ...]]) -> tuple[object, ...]:
    entries = [JournalEntry(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]
    first, last = entries[0], entries[-1]
    steps = [step for entry in entries for step in _steps_of(entry)]
    return (
        first.cluster_id,
        first.history,
        first.fence,
        first.first_number,
        last.last_number,
        min(entry.first_at_ms for entry in entries),
        max(entry.last_at_ms for entry in entries),
        bytes(last.state),
        join_keys(entry.keys for entry in entries),
        encode_steps(steps),
    )


def _steps_of(entry: JournalEntry) -> list[Step]:
    times = (entry.first_at_ms, entry.last_at_ms)
    whole_row = Step(entry.first_number, entry.last_number, *times, cards=(bytes(entry.state),))
    return decode_steps(entry.changes, whole_row=whole_row)
