"""From a group that is due to messages in the outbox, in one transaction.

Rows of groups are locked while they are told about, and those that another process has locked are left to
it; so a crash at any point leaves either the group due or all of its messages written.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction

from clusters.points import reached
from metrics.alerts.models import Alert, AlertEvent, AlertGroup
from metrics.alerts.silences import ActiveSilence
from metrics.alerts.silencing import active_silences
from metrics.alerts.values import RESOLVED
from metrics.notify import members, telling, told
from metrics.notify.compose import compose
from metrics.notify.facts import Letterhead, RuleWords
from metrics.notify.message import Message, stored
from metrics.notify.models import QUEUED, Destination, OutboxMessage
from metrics.notify.routes import RouteFacts
from metrics.notify.routing import route_facts
from metrics.notify.telling import Audience, Line, Receiver, Waits
from metrics.notify.words import Words

BATCH_GROUPS = 20
"""Told about in one transaction, so that none holds the database for long."""
BATCHES_AT_ONCE = 5
EXPIRES_AFTER_MS = 72 * 3_600_000
AFTER_A_FAULT_MS = 60_000
TEST_CAUSE = "test"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Round:
    """What all groups of one round are judged by, read once."""

    now_ms: int
    words: Mapping[str, RuleWords]
    routes: Sequence[RouteFacts]
    receivers: Mapping[int, Receiver]
    destinations: Mapping[int, Destination]
    silences: Sequence[ActiveSilence]
    inhibited: members.Inhibitions


@dataclass(frozen=True)
class _Case:
    """One group with all that is known of it."""

    group: AlertGroup
    alerts: Sequence[Alert]
    quiet: members.Quiet
    lines: Mapping[int, Line]
    in_flight: set[int] = field(default_factory=set)
    """Destinations that are being told just now; what they are to hear next waits until that is settled."""

    @property
    def is_over(self) -> bool:
        """Whether nothing of it goes on."""
        return all(alert.state == RESOLVED for alert in self.alerts)


def flush(now_ms: int, words: Words) -> int:
    """Write what groups that are due have to be told; how many messages.

    Of a storm only the first batches: what they wrote can leave before the others are looked at.
    """
    if not AlertGroup.objects.filter(flush_at_ms__lte=now_ms).exists():
        return 0
    reached("flush-begun")
    current = _round(now_ms, words)
    written = 0
    for _ in range(BATCHES_AT_ONCE):
        with transaction.atomic():
            groups = _taken(now_ms)
            reached("groups-taken")
            written += _tell(groups, current)
        reached("flush-stored")
        if len(groups) < BATCH_GROUPS:
            break
    return written


def _round(now_ms: int, words: Words) -> _Round:
    destinations = {row.pk: row for row in Destination.objects.defer("sealed")}
    return _Round(
        now_ms=now_ms,
        words=words.said,
        routes=route_facts(),
        receivers={pk: told.receiver(row) for pk, row in destinations.items()},
        destinations=destinations,
        silences=active_silences(now_ms),
        inhibited=members.Inhibitions(words.reaches),
    )


def _taken(now_ms: int) -> list[AlertGroup]:
    """Some of the groups that are due, locked; SQLite has the whole file locked already."""
    due = AlertGroup.objects.filter(flush_at_ms__lte=now_ms).order_by("flush_at_ms", "pk")
    can_skip = connection.features.has_select_for_update_skip_locked
    return list(due.select_for_update(skip_locked=can_skip)[:BATCH_GROUPS])


def _tell(groups: Sequence[AlertGroup], current: _Round) -> int:
    alerts = members.members_of(group.pk for group in groups)
    known = told.lines_of((group.pk for group in groups), current.now_ms)
    written = 0
    for group in groups:
        quiet = members.quiet_among(alerts[group.pk], current.inhibited, current.silences, current.now_ms)
        case = _Case(group, alerts[group.pk], quiet, known[group.pk])
        try:
            with transaction.atomic():
                written += _tell_one(case, current)
        except Exception:
            # One that cannot be told about must not keep the others waiting.
            log.exception("group %s could not be told about", group.uuid)
            group.flush_at_ms = current.now_ms + AFTER_A_FAULT_MS
            group.save(update_fields=["flush_at_ms"])
    return written


def _tell_one(case: _Case, current: _Round) -> int:
    group, now_ms = case.group, current.now_ms
    reached("alerts-read")
    newly_quiet = members.note_quiet(case.alerts, case.quiet)
    audience = _audience(case, current)
    by_id = {alert.pk: alert for alert in case.alerts}
    written = [
        message
        for destination in _in_question(case, audience)
        if (
            message := _tell_destination(
                case, destination, [by_id[pk] for pk in audience.alerts.get(destination, ())], current
            )
        )
    ]
    OutboxMessage.objects.bulk_create(written)
    reached("outbox-written")
    _write_events(case, written, audience, newly_quiet=newly_quiet, current=current)
    reached("telling-noted")
    if written:
        group.notified_at_ms = now_ms
    group.flush_at_ms = telling.next_flush_ms(_waits(case, audience, current), now_ms, settings.REPEAT_MS)
    if group.cause == TEST_CAUSE:
        _end_test(case, now_ms)
    group.save(update_fields=["notified_at_ms", "flush_at_ms"])
    reached("group-marked")
    return len(written)


def _audience(case: _Case, current: _Round) -> Audience:
    if case.group.cause == TEST_CAUSE:
        wanted = {alert.params.get("destination") for alert in case.alerts}
        chosen = [pk for pk, row in current.destinations.items() if str(row.uuid) in wanted]
        return Audience({pk: [alert.pk for alert in case.alerts] for pk in chosen})
    asked = [members.asked(alert) for alert in case.alerts]
    return telling.audience(asked, current.routes, current.receivers, case.lines, current.now_ms)


def _in_question(case: _Case, audience: Audience) -> Iterable[int]:
    """Those who are told, and those for whom something waits that they need not be told any more."""
    queued = (destination for destination, line in case.lines.items() if line.queued is not None)
    return dict.fromkeys((*audience.alerts, *queued))


def _tell_destination(
    case: _Case, destination: int, alerts: Sequence[Alert], current: _Round
) -> OutboxMessage | None:
    """Queue what one destination is told now, in place of what waits; None where it is told nothing."""
    line = case.lines.get(destination, Line())
    if line.queued is not None and line.queued.is_in_flight:
        case.in_flight.add(destination)
        return None
    alerts = _worth_telling(case, line, alerts, is_fallback=current.receivers[destination].is_fallback)
    message = _composed(case, line, alerts, current) if alerts else None
    reached("message-composed")
    step = telling.step(line, message, now_ms=current.now_ms, repeat_ms=settings.REPEAT_MS)
    if step.ends_queued_as and not _ended(line, step.ends_queued_as, current.now_ms):
        case.in_flight.add(destination)
        return None
    if not step.writes or message is None:
        return None
    return _queued(case.group, destination, message, step.expires_at_ms, current.now_ms)


def _ended(line: Line, status: str, now_ms: int) -> bool:
    """End what is queued; False where somebody has begun to send it since it was read."""
    assert line.queued is not None
    waiting = OutboxMessage.objects.filter(pk=line.queued.id, status=QUEUED, lease_until_ms__lte=now_ms)
    return bool(waiting.update(status=status, ended_at_ms=now_ms))


def _worth_telling(case: _Case, line: Line, alerts: Sequence[Alert], *, is_fallback: bool) -> Sequence[Alert]:
    """Those of a destination's alerts that it may hear of now; none where it must hear nothing.

    It never hears of an end while something goes on that is only quiet. Whoever knows of a beginning hears
    the end, even of what is quiet by then; who knows of nothing hears of what is over only at the first
    telling, as one that opens in the morning needs no list of the night.
    """
    loud = [alert for alert in alerts if not case.quiet.holds(alert)]
    if any(alert.state != RESOLVED for alert in loud):
        return loud
    if any(alert.state != RESOLVED for alert in alerts):
        return ()
    if line.is_dangling:
        return alerts
    is_first = case.group.notified_at_ms is None or is_fallback or line != Line()
    return loud if is_first else ()


def _composed(case: _Case, line: Line, alerts: Sequence[Alert], current: _Round) -> Message | None:
    head = Letterhead(
        id=str(uuid4()),
        sequence=line.last_sequence + 1,
        public_url=settings.PUBLIC_URL,
        time_zone=settings.TIME_ZONE,
        repeat_after_ms=settings.REPEAT_MS,
    )
    return compose(
        group=members.group_facts(case.group, alerts),
        members=[members.facts_of(alert) for alert in alerts],
        rules=current.words,
        told_before=line.told,
        letterhead=head,
        now_ms=current.now_ms,
    )


def _queued(
    group: AlertGroup, destination: int, message: Message, expires_at_ms: int | None, now_ms: int
) -> OutboxMessage:
    return OutboxMessage(
        uuid=message.id,
        destination_id=destination,
        group=group,
        sequence=message.sequence,
        tells=message.state,
        body=stored(message),
        digest=message.digest,
        created_at_ms=now_ms,
        next_try_at_ms=now_ms,
        expires_at_ms=expires_at_ms or now_ms + EXPIRES_AFTER_MS,
    )


def _waits(case: _Case, audience: Audience, current: _Round) -> Waits:
    ends = {silence.id: silence.ends_at_ms for silence in current.silences}
    return Waits(
        is_over=case.is_over,
        is_in_flight=bool(case.in_flight),
        is_inhibited=bool(case.quiet.inhibited),
        silenced_until_ms=[ends[silence] for silence in set(case.quiet.silenced.values())],
        opens_at_ms=audience.opens_at_ms,
        is_dangling=any(line.is_dangling for line in case.lines.values()),
    )


def _write_events(
    case: _Case,
    written: Sequence[OutboxMessage],
    audience: Audience,
    *,
    newly_quiet: int,
    current: _Round,
) -> None:
    """The trail: who is told, that somebody keeps it quiet, that nobody takes it."""
    found: list[tuple[str, dict[str, object]]] = []
    for row in written:
        name = current.destinations[row.destination_id].name
        found.append(("queued", {"destination": name, "tells": row.tells, "message": str(row.uuid)}))
    if newly_quiet:
        silences, groups = set(case.quiet.silenced.values()), set(case.quiet.inhibited.values())
        params = {"alerts": newly_quiet, "silences": sorted(silences), "groups": sorted(groups)}
        found.append(("silenced", params))
    if stranded := _newly_stranded(case, audience):
        found.append(("nowhere", {"alerts": stranded}))
    AlertEvent.objects.bulk_create(
        AlertEvent(group=case.group, at_ms=current.now_ms, what=what, params=params) for what, params in found
    )


def _newly_stranded(case: _Case, audience: Audience) -> int:
    """How many alerts nobody is told of, unless the trail says so already."""
    stranded = set(audience.stranded) - case.quiet.inhibited.keys() - case.quiet.silenced.keys()
    if not stranded or case.is_over or case.lines:
        return 0
    is_told = AlertEvent.objects.filter(group=case.group, what="nowhere").exists()
    return 0 if is_told else len(stranded)


def _end_test(case: _Case, now_ms: int) -> None:
    """A test is over once it is told; nobody is told that."""
    Alert.objects.filter(group=case.group).exclude(state=RESOLVED).update(
        state=RESOLVED, resolved_at_ms=now_ms, end_reason="test"
    )
    group = case.group
    group.state, group.resolved_at_ms, group.changed_at_ms = RESOLVED, now_ms, now_ms
    group.resolved_reason, group.flush_at_ms = "test", None
    group.save(update_fields=["state", "resolved_at_ms", "changed_at_ms", "resolved_reason"])
