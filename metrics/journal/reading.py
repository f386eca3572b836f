"""Questions to the journal: a past moment, the changes since a place, one object's timeline."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from clusters.mirror.changes import Change
from clusters.state.picture import ClusterValues
from metrics.journal.changes import decode_steps, find_steps
from metrics.journal.joined import Step
from metrics.journal.keyframes import decode_picture
from metrics.journal.keys import key_of
from metrics.journal.replay import EntryView, Picture, replay, until
from metrics.journal.searching import KeysHold
from metrics.journal.states import decode_state
from metrics.models import JournalEntry, Snapshot

_ROW = (
    "history",
    "fence",
    "first_number",
    "last_number",
    "first_at_ms",
    "last_at_ms",
    "state",
    "changes",
)

_ROWS_AHEAD = 50


@dataclass(frozen=True)
class PastState:
    """One cluster as it was: at `at_ms` the journal stood at `fence`.`number`."""

    history: int
    fence: int
    number: int
    at_ms: int
    values: ClusterValues
    resources: Picture


@dataclass(frozen=True)
class Moment:
    """One change of one object, and when."""

    fence: int
    number: int
    at_ms: int
    change: Change


@dataclass(frozen=True)
class _Keyframe:
    """Where a keyframe stands, without its picture, and the place of the next one."""

    id: int
    history: int
    fence: int
    number: int
    at_ms: int
    end: tuple[int, int] | None

    def covers(self, entry: EntryView) -> bool:
        """Whether an entry comes after this keyframe and not after the next."""
        place = (entry.fence, entry.last_number)
        return place > (self.fence, self.number) and (self.end is None or place <= self.end)


def state_at(cluster_id: int, at_ms: int) -> PastState | None:
    """The whole cluster at one moment; None before its first keyframe."""
    keyframe = _keyframe_at(cluster_id, at_ms)
    if keyframe is None:
        return None
    rows = _rows_until(cluster_id, keyframe, at_ms).order_by("fence", "first_number").values_list(*_ROW)
    entries = until([e for row in rows for e in _entries_of(row) if keyframe.covers(e)], at_ms)
    stored = Snapshot.objects.filter(id=keyframe.id).values_list("state", "picture").first()
    if stored is None:  # pruned this very moment
        return None
    resources = replay(decode_picture(stored[1]), entries, history=keyframe.history)
    if not entries:
        place = (keyframe.history, keyframe.fence, keyframe.number, keyframe.at_ms)
        return PastState(*place, values=decode_state(stored[0]), resources=resources)
    last = entries[-1]
    place = (last.history, last.fence, last.last_number, last.at_ms)
    return PastState(*place, values=decode_state(last.state), resources=resources)


def values_at(cluster_id: int, at_ms: int) -> ClusterValues | None:
    """The cluster's card at one moment, without replaying anything; None before its first keyframe."""
    keyframe = _keyframe_at(cluster_id, at_ms)
    if keyframe is None:
        return None
    rows = _rows_until(cluster_id, keyframe, at_ms).order_by("-fence", "-first_number").values_list(*_ROW)
    for row in _one_by_one(rows):
        entries = until([entry for entry in _entries_of(row) if keyframe.covers(entry)], at_ms)
        if entries:
            return decode_state(entries[-1].state)
    state = Snapshot.objects.filter(id=keyframe.id).values_list("state", flat=True).first()
    return None if state is None else decode_state(state)


def changes_since(cluster_id: int, fence: int, number: int, limit: int) -> list[EntryView] | None:
    """What followed a place, at most `limit` entries; None where that is not known without a gap.

    It is not where the cluster changed hands since, where what followed is pruned, and where another
    cluster stands behind the address: take a fresh picture then.
    """
    journal = JournalEntry.objects.filter(cluster_id=cluster_id)
    newest = journal.order_by("-fence", "-first_number").values_list("fence", "history").first()
    if newest is None or newest[0] != fence:
        return None
    rows = journal.filter(fence=fence, last_number__gt=number).order_by("first_number").values_list(*_ROW)
    entries: list[EntryView] = []
    for row in _one_by_one(rows, ahead=_ROWS_AHEAD):
        entries += [entry for entry in _entries_of(row) if entry.last_number > number]
        if len(entries) >= limit:
            break
    return entries[:limit] if _is_whole(entries, number=number, history=newest[1]) else None


def timeline(cluster_id: int, kind: str, uid: str, *, from_ms: int, to_ms: int) -> list[Moment]:
    """Every change of one object within a span of time, in order."""
    rows = JournalEntry.objects.filter(
        KeysHold(key_of(kind, uid)), cluster_id=cluster_id, last_at_ms__gte=from_ms, first_at_ms__lte=to_ms
    )
    ordered = rows.order_by("fence", "first_number").values_list(*_ROW)
    return [
        Moment(row[1], step.last_number, step.last_at_ms, change)
        for row in ordered.iterator(chunk_size=_ROWS_AHEAD)
        for step in find_steps(row[-1], kind, uid, whole_row=_whole(row))
        if from_ms <= step.last_at_ms <= to_ms
        for change in step.changes
    ]


def _keyframe_at(cluster_id: int, at_ms: int) -> _Keyframe | None:
    keyframes = Snapshot.objects.filter(cluster_id=cluster_id)
    before = keyframes.filter(at_ms__lte=at_ms).order_by("-fence", "-number")
    row = before.values_list("id", "history", "fence", "number", "at_ms").first()
    if row is None:
        return None
    after = keyframes.filter(_after(row[2], row[3], column="number")).order_by("fence", "number")
    return _Keyframe(*row, after.values_list("fence", "number").first())


def _rows_until(cluster_id: int, keyframe: _Keyframe, at_ms: int) -> QuerySet[JournalEntry]:
    """The rows from a keyframe to the last row that may tell of `at_ms`, but not past the next keyframe."""
    rows = JournalEntry.objects.filter(
        _after(keyframe.fence, keyframe.number, column="last_number"), cluster_id=cluster_id
    )
    if keyframe.end is not None:
        rows = rows.filter(_up_to(*keyframe.end))
    telling = rows.filter(first_at_ms__lte=at_ms).order_by("-fence", "-first_number")
    last = telling.values_list("fence", "first_number").first()
    return rows.none() if last is None else rows.filter(_up_to(*last))


def _after(fence: int, number: int, *, column: str) -> Q:
    return Q(**{"fence": fence, f"{column}__gt": number}) | Q(fence__gt=fence)


def _up_to(fence: int, number: int) -> Q:
    return Q(fence=fence, first_number__lte=number) | Q(fence__lt=fence)


def _one_by_one(rows: Any, *, ahead: int = 1) -> Iterator[Any]:
    """Rows fetched as they are wanted. A database cursor would have PostgreSQL prepare them all first."""
    for start in itertools.count(step=ahead):
        page = list(rows[start : start + ahead])
        yield from page
        if len(page) < ahead:
            return


def _entries_of(row: Sequence[Any]) -> list[EntryView]:
    """The steps of one row, in order."""
    history, fence, *_, changes = row
    return [EntryView(history, fence, step) for step in decode_steps(changes, whole_row=_whole(row))]


def _whole(row: Sequence[Any]) -> Step:
    """The row taken as one step."""
    _, _, first_number, last_number, first_at_ms, last_at_ms, state, _ = row
    return Step(first_number, last_number, first_at_ms, last_at_ms, cards=(bytes(state),))


def _is_whole(entries: Sequence[EntryView], *, number: int, history: int) -> bool:
    """Whether the entries follow `number` without a hole, all of one history."""
    for entry in entries:
        if entry.first_number > number + 1 or entry.history != history:
            return False
        number = entry.last_number
    return True
