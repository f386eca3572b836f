"""Groups as rows: opened by the first alert of a cause that fires, brought up to date, closed by the last.

Whoever changes the alerts of a group locks its row first (`lock`), so that nobody tells of it meanwhile:
a message is composed under the same lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Min

from metrics import sql
from metrics.alerts.grouping import Cause, next_flush_ms
from metrics.alerts.models import Alert, AlertGroup
from metrics.alerts.rows import new_uuid, text
from metrics.alerts.values import FIRING, RESOLVED, SEVERITIES, UNKNOWN, Kept

GROUPS = AlertGroup._meta.db_table
OPENED = (
    "uuid", "cause", "key", "rule", "severity", "state", "opened_at_ms", "since_ms", "changed_at_ms",
    "resolved_reason", "flush_owner", "flush_lease_until_ms",
)  # fmt: skip
SETTLED = (
    "rule", "severity", "state", "since_ms", "changed_at_ms", "resolved_at_ms", "resolved_reason",
    "flush_at_ms",
)  # fmt: skip


@dataclass
class Change:
    """What has happened to a group's alerts in one transaction."""

    is_told: bool = False
    """Something that people are told of: one has fired, is resolved, or is more severe."""
    reason: str = ""
    """Why its alerts ended."""


class Member(NamedTuple):
    """Open alerts of one group that are alike, and since when the oldest of them."""

    state: str
    severity: str
    rule: str
    since_ms: int


class Picture(NamedTuple):
    """What a group's open alerts make of it."""

    state: str
    severity: str
    rule: str
    since_ms: int


def picture_of(members: Iterable[Member]) -> Picture | None:
    """The group's face: its worst and oldest alert. None where no alert is open."""
    members = list(members)
    if not members:
        return None
    face = min(members, key=lambda one: (SEVERITIES.index(one.severity), one.since_ms, one.rule))
    state = FIRING if any(one.state == FIRING for one in members) else UNKNOWN
    return Picture(state, face.severity, face.rule, min(one.since_ms for one in members))


def lock(group_ids: Collection[int]) -> dict[int, AlertGroup]:
    """The groups, locked until the transaction ends; always in the same order."""
    found: dict[int, AlertGroup] = {}
    for some in sql.parts(sorted(group_ids)):
        rows = AlertGroup.objects.select_for_update().filter(pk__in=some).order_by("pk")
        found.update((row.pk, row) for row in rows)
    return found


def open_by_key(keys: Collection[str]) -> dict[str, int]:
    """The ids of the open groups of these causes."""
    found: dict[str, int] = {}
    for some in sql.parts(sorted(keys)):
        rows = AlertGroup.objects.filter(key__in=some).exclude(state=RESOLVED)
        found.update(rows.values_list("key", "pk"))
    return found


def open_for(causes: Mapping[str, tuple[Cause, Kept]], now_ms: int) -> None:
    """Open a group for each cause that has none, after its first alert. Keys are those of the causes."""
    rows = [
        (
            new_uuid(), cause.cause, key, text(alert.key.rule, 80), alert.severity, FIRING, now_ms,
            alert.since_ms, now_ms, "", "", 0,
        )
        for key, (cause, alert) in sorted(causes.items())
    ]  # fmt: skip
    with connection.cursor() as cursor:
        sql.insert_many(cursor, GROUPS, OPENED, rows, once=True)


def settle(groups: Mapping[int, AlertGroup], changes: Mapping[int, Change], now_ms: int) -> None:
    """Bring locked groups up to date with their alerts, and plan when each is told about."""
    members = members_of(changes)
    rows = []
    for group_id, change in changes.items():
        group = groups.get(group_id)
        if group is not None:
            rows.append((*_settled(group, members.get(group_id, ()), change, now_ms), group_id))
    with connection.cursor() as cursor:
        sql.update_many(cursor, GROUPS, SETTLED, key=("id",), rows=rows)


def members_of(group_ids: Iterable[int]) -> dict[int, list[Member]]:
    """The open alerts of groups, those that are alike taken together."""
    found: dict[int, list[Member]] = {}
    for some in sql.parts(sorted(group_ids)):
        rows = (
            Alert.objects.filter(group_id__in=some, state__in=(FIRING, UNKNOWN))
            .values_list("group_id", "state", "severity", "rule")
            .annotate(oldest_ms=Min("since_ms"))
            .order_by()
        )
        for group_id, *member in rows:
            found.setdefault(group_id, []).append(Member(*member))
    return found


def _settled(group: AlertGroup, members: Sequence[Member], change: Change, now_ms: int) -> tuple[object, ...]:
    picture = picture_of(members)
    if picture is None:
        return _closed(group, change, now_ms)
    is_worse = SEVERITIES.index(picture.severity) < SEVERITIES.index(group.severity)
    is_told = change.is_told or picture.state != group.state
    is_unknown = picture.state == UNKNOWN
    flush_at_ms = group.flush_at_ms
    if is_told:
        flush_at_ms = _next_flush_ms(group, now_ms, is_worse=is_worse, is_unknown=is_unknown)
    changed_at_ms = now_ms if is_told else group.changed_at_ms
    return (
        picture.rule, picture.severity, picture.state, picture.since_ms, changed_at_ms, None, "", flush_at_ms,
    )  # fmt: skip


def _closed(group: AlertGroup, change: Change, now_ms: int) -> tuple[object, ...]:
    """None of its alerts is open any more. A group that was closed before stays as it is."""
    if group.state == RESOLVED:
        return (
            group.rule, group.severity, RESOLVED, group.since_ms, group.changed_at_ms, group.resolved_at_ms,
            group.resolved_reason, group.flush_at_ms,
        )  # fmt: skip
    return (
        group.rule, group.severity, RESOLVED, group.since_ms, now_ms, now_ms, text(change.reason, 500),
        _next_flush_ms(group, now_ms, is_worse=False, is_unknown=False),
    )  # fmt: skip


def _next_flush_ms(group: AlertGroup, now_ms: int, *, is_worse: bool, is_unknown: bool) -> int:
    return next_flush_ms(
        now_ms=now_ms,
        flush_at_ms=group.flush_at_ms,
        notified_at_ms=group.notified_at_ms,
        is_worse=is_worse,
        is_unknown=is_unknown,
        wait_ms=settings.GROUP_WAIT_MS,
        interval_ms=settings.GROUP_INTERVAL_MS,
    )
