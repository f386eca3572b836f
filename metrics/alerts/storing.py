"""Stores what has become of alerts: rows, groups, trail and the mark that something is to be told.

All of it in one transaction, for all clusters of a process, under the fences of their leases: there is no
moment at which an alert has fired and its group does not know. A storm of ten thousand alerts is a few
hundred statements' worth of batches.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from django.db import connection, transaction

from clusters import leases
from clusters.points import reached
from metrics import sql
from metrics.alerts import groups, rows
from metrics.alerts.evaluate import (
    BECAME_KNOWN,
    BECAME_UNKNOWN,
    CHANGED,
    DROPPED,
    ENDED,
    FIRED,
    PENDS,
    REARMED,
    SEVERITY_CHANGED,
)
from metrics.alerts.grouping import LONGEST_KEY, Cause
from metrics.alerts.groups import Change
from metrics.alerts.models import Alert, AlertEvent, AlertGroup, Evaluation
from metrics.alerts.values import PENDING, RESOLVED, Kept, Transition

ALERTS = Alert._meta.db_table
EVENTS = AlertEvent._meta.db_table
EVALUATIONS = Evaluation._meta.db_table
EVENT_COLUMNS = ("group_id", "alert_id", "at_ms", "what", "params")
FOUND_BY = ("fingerprint",)
STILL_OPEN = f"NOT (\"state\" = '{RESOLVED}')"
"""What a person has resolved meanwhile stays so."""
IS_QUIET = '"quiet_until_ms" IS NOT NULL'

CauseOf: TypeAlias = Callable[[str, Kept], Cause]
"""The cause of an alert of a cluster (its UUID; empty: the portal)."""


@dataclass(frozen=True)
class ClusterTransitions:
    """What one evaluation found in one cluster; without transitions it only proves that it was judged."""

    cluster_id: int
    cluster: str
    fence: int
    transitions: Sequence[Transition]
    evaluated_at_ms: int


class InboundTransition(NamedTuple):
    """What has become of one alert that was sent to us; `mark` is the fingerprint it is known by."""

    mark: str
    labels: Mapping[str, str]
    transition: Transition


class _Told(NamedTuple):
    """One transition on its way into the database; `mark` is the alert's fingerprint."""

    cluster_id: int | None
    cluster: str
    mark: str
    transition: Transition
    source: str = rows.OURS
    labels: str = "{}"


class _Row(NamedTuple):
    id: int
    group_id: int | None


def store_transitions(
    found: Sequence[ClusterTransitions], owner: str, cause_of: CauseOf, now_ms: int
) -> set[int]:
    """Store it all; the ids of the clusters that are no longer `owner`'s, of which nothing was stored."""
    reached("transitions-found")
    told = [(one, _told(one.cluster_id, one.cluster, one.transitions)) for one in found]
    with transaction.atomic():
        fences = leases.current_fences([one.cluster_id for one in found], owner)
        reached("fences-checked")
        valid = [(one, parts) for one, parts in told if fences.get(one.cluster_id) == one.fence]
        _store([part for _, parts in valid for part in parts], cause_of, now_ms)
        proofs = [(one.cluster_id, one.evaluated_at_ms, one.fence) for one, _ in valid]
        with connection.cursor() as cursor:
            columns = ("cluster_id", "evaluated_at_ms", "fence")
            sql.upsert_many(cursor, EVALUATIONS, columns, key=("cluster_id",), rows=proofs)
        reached("proof-written")
    reached("transitions-stored")
    return {one.cluster_id for one in found} - {one.cluster_id for one, _ in valid}


def store_unheld(cluster_id: int, cluster: str, transitions: Sequence[Transition], now_ms: int) -> None:
    """Store what has become of a cluster's open alerts. The caller has made sure that nobody reads it."""
    with transaction.atomic():
        _store(_told(cluster_id, cluster, transitions), _no_cause, now_ms)


def store_portal_transitions(transitions: Sequence[Transition], cause_of: CauseOf, now_ms: int) -> None:
    """Store what has become of alerts about the portal itself. Two processes may do so at once."""
    with transaction.atomic():
        _store(_told(None, "", transitions), cause_of, now_ms)


def store_inbound(
    cluster_id: int | None,
    cluster: str,
    found: Sequence[InboundTransition],
    cause_of: CauseOf,
    now_ms: int,
) -> None:
    """Store what has become of alerts that were sent to us. They are nobody's who reads the cluster."""
    told = [
        _Told(cluster_id, cluster, one.mark, one.transition, rows.SENT, json.dumps(dict(one.labels)))
        for one in found
    ]
    with transaction.atomic():
        _store(told, cause_of, now_ms)


def _told(cluster_id: int | None, cluster: str, transitions: Iterable[Transition]) -> list[_Told]:
    return [_Told(cluster_id, cluster, rows.fingerprint_of(cluster, t.alert.key), t) for t in transitions]


def _store(told: Sequence[_Told], cause_of: CauseOf, now_ms: int) -> None:
    """What happened to one alert more than once is stored in its order."""
    while told:
        seen: set[str] = set()
        now: list[_Told] = []
        later: list[_Told] = []
        for one in told:
            (later if one.mark in seen else now).append(one)
            seen.add(one.mark)
        _Round(now, cause_of, now_ms).store()
        told = later


class _Round:
    """Transitions of as many alerts, stored inside the caller's transaction."""

    def __init__(self, told: Sequence[_Told], cause_of: CauseOf, now_ms: int) -> None:
        self._told = told
        self._now_ms = now_ms
        self._rows = _open_rows([one.mark for one in told if one.transition.what != REARMED])
        self._causes = {
            one.mark: _storable(cause_of(one.cluster, one.transition.alert)) for one in self._of(FIRED)
        }
        self._group_of: dict[str, int] = {}

    def store(self) -> None:
        """Groups first, as they are locked first; the trail needs the ids of rows and groups."""
        locked = self._lock_groups()
        reached("groups-locked")
        with connection.cursor() as cursor:
            self._write_alerts(cursor)
        reached("alerts-written")
        new = [one.mark for one in self._of(FIRED) if one.mark not in self._rows]
        self._rows.update(_open_rows(new))
        changes = self._changes()
        groups.settle(locked, changes, self._now_ms)
        reached("groups-settled")
        with connection.cursor() as cursor:
            sql.insert_many(cursor, EVENTS, EVENT_COLUMNS, self._trail())
        reached("trail-written")

    def _of(self, *whats: str) -> list[_Told]:
        return [one for one in self._told if one.transition.what in whats]

    def _lock_groups(self) -> dict[int, AlertGroup]:
        """Those that alerts are in, and an open one for each alert that fires."""
        touched = {row.group_id for row in self._rows.values() if row.group_id is not None}
        first = {self._causes[one.mark].key: (self._causes[one.mark], one) for one in self._of(FIRED)}
        while True:
            open_now = groups.open_by_key(first)
            missing = {key: pair for key, pair in first.items() if key not in open_now}
            if missing:
                causes = {key: (cause, one.transition.alert) for key, (cause, one) in missing.items()}
                groups.open_for(causes, self._now_ms)
                reached("group-opened")
                open_now = groups.open_by_key(first)
            locked = groups.lock(touched | set(open_now.values()))
            if all(key in open_now and locked[open_now[key]].state != RESOLVED for key in first):
                break  # Else one was closed between the look and the lock.
        self._group_of = {one.mark: open_now[self._causes[one.mark].key] for one in self._of(FIRED)}
        return locked

    def _write_alerts(self, cursor: sql.Cursor) -> None:
        begun = self._of(PENDS, FIRED)
        new = [self._inserted(one) for one in begun if one.mark not in self._rows]
        sql.insert_many(cursor, ALERTS, (*rows.INSERTED, *rows.CHANGED), new, once=True)
        going_on = [*begun, *self._of(BECAME_UNKNOWN, BECAME_KNOWN, CHANGED)]
        values = [(*self._changed(one), one.mark) for one in going_on if one.mark in self._rows]
        sql.update_many(cursor, ALERTS, rows.CHANGED, key=FOUND_BY, rows=values, only=STILL_OPEN)
        over = [(*rows.ended(one.transition), one.mark) for one in self._of(ENDED)]
        sql.update_many(cursor, ALERTS, rows.ENDED, key=FOUND_BY, rows=over, only=STILL_OPEN)
        dropped = [(one.mark, PENDING) for one in self._of(DROPPED)]
        sql.delete_many(cursor, ALERTS, key=("fingerprint", "state"), rows=dropped)
        rearmed = [(None, one.mark, RESOLVED) for one in self._of(REARMED)]
        sql.update_many(
            cursor, ALERTS, ("quiet_until_ms",), key=("fingerprint", "state"), rows=rearmed, only=IS_QUIET
        )

    def _inserted(self, one: _Told) -> tuple[object, ...]:
        new = rows.inserted(
            one.transition.alert,
            cluster_id=one.cluster_id,
            mark=one.mark,
            source=one.source,
            labels=one.labels,
        )
        return (*new, *self._changed(one))

    def _changed(self, one: _Told) -> tuple[object, ...]:
        row = self._rows.get(one.mark)
        group_id = self._group_of.get(one.mark, row.group_id if row else None)
        return rows.changed(one.transition.alert, group_id=group_id)

    def _grouped(self) -> Iterator[tuple[_Told, int, int]]:
        """Each transition of an alert that is in a group: with the ids of its row and of the group."""
        for one in self._told:
            row = self._rows.get(one.mark)
            group_id = self._group_of.get(one.mark, row.group_id if row else None)
            if row is not None and group_id is not None and one.transition.what != REARMED:
                yield one, row.id, group_id

    def _changes(self) -> dict[int, Change]:
        changes: dict[int, Change] = {}
        for one, _, group_id in self._grouped():
            change = changes.setdefault(group_id, Change())
            what, reason = one.transition.what, one.transition.reason
            change.is_told |= what in (FIRED, ENDED) or reason == SEVERITY_CHANGED
            change.reason = reason if what == ENDED else change.reason
        return changes

    def _trail(self) -> list[tuple[object, ...]]:
        """A line for each alert that fired or ended; where a whole group went dark, one for all of it."""
        lines: list[tuple[object, ...]] = []
        counts: Counter[tuple[int, str, str]] = Counter()
        for one, row_id, group_id in self._grouped():
            what, alert, at_ms, reason = _parts(one.transition)
            if what in (BECAME_UNKNOWN, BECAME_KNOWN):
                counts[group_id, what, reason] += 1
            elif what in (FIRED, ENDED) or reason == SEVERITY_CHANGED:
                params = {"reason": reason} if what == ENDED else {"severity": alert.severity}
                lines.append((group_id, row_id, at_ms, what, json.dumps(params)))
        for (group_id, what, reason), count in counts.items():
            params_of_all = json.dumps({"reason": reason, "count": count})
            lines.append((group_id, None, self._now_ms, what, params_of_all))
        return lines


def _open_rows(marks: Sequence[str]) -> dict[str, _Row]:
    found: dict[str, _Row] = {}
    for some in sql.parts(marks):
        open_now = Alert.objects.filter(fingerprint__in=some).exclude(state=RESOLVED)
        found.update(
            (mark, _Row(*row)) for mark, *row in open_now.values_list("fingerprint", "pk", "group_id")
        )
    return found


def _no_cause(cluster: str, alert: Kept) -> Cause:
    raise ValueError(f"nothing fires in a cluster that nobody reads: {alert.key} of {cluster}")


def _storable(cause: Cause) -> Cause:
    return Cause(cause.cause, rows.text(cause.key, LONGEST_KEY))


def _parts(transition: Transition) -> tuple[str, Kept, int, str]:
    return transition.what, transition.alert, transition.at_ms, transition.reason
