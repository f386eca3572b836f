"""Who is told of a group now, and what becomes of what was queued before. Pure.

What each is told is metrics.notify.compose's; here is decided whom it is composed for and whether it leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from metrics.alerts.grouping import REPEAT_MS
from metrics.notify.facts import TEST_SEVERITY, Told
from metrics.notify.message import OVER, Message
from metrics.notify.routes import RouteFacts, next_opening_ms, routed
from metrics.notify.routes import Told as Asked

OUT_AFTER_MS = 900_000
"""A destination that has failed for so long is taken for unreachable: the fallback is told too."""
IN_FLIGHT_RECHECK_MS = 1_000
INHIBITED_RECHECK_MS = 60_000


@dataclass(frozen=True)
class Receiver:
    """A destination as it is asked whether it can be told."""

    id: int
    is_enabled: bool = True
    is_fallback: bool = False
    failing_since_ms: int | None = None
    has_refused: bool = False
    """Its last answer said that trying again does not help."""

    def is_out(self, now_ms: int) -> bool:
        """Whether somebody else has to be told in its stead."""
        if not self.is_enabled or self.has_refused:
            return True
        return self.failing_since_ms is not None and now_ms - self.failing_since_ms >= OUT_AFTER_MS


@dataclass(frozen=True)
class Written:
    """One message as it was written for one destination and group."""

    id: int
    state: str
    digest: str
    resolved_until_ms: Mapping[str, int]
    expires_at_ms: int = 0
    is_in_flight: bool = False
    at_ms: int = 0

    def says_the_same_as(self, message: Message) -> bool:
        """Whether another one would tell nothing new."""
        return (self.state, self.digest, dict(self.resolved_until_ms)) == (
            message.state,
            message.digest,
            message.resolved_until_ms,
        )


@dataclass(frozen=True)
class Line:
    """What one destination was told of one group, what waits to be sent, and what could not be."""

    told: Told | None = None
    queued: Written | None = None
    given_up: Written | None = None
    """The last, where it failed for good or expired."""
    last_sequence: int = 0

    @property
    def is_dangling(self) -> bool:
        """Whether it was told a beginning and no end."""
        return self.told is not None and self.told.state not in (*OVER, TEST_SEVERITY)


@dataclass(frozen=True)
class Audience:
    """Destination id to the ids of the alerts it is told of; `stranded` are those that nobody takes."""

    alerts: Mapping[int, Sequence[int]]
    stranded: Sequence[int] = ()
    opens_at_ms: int | None = None


@dataclass(frozen=True)
class Step:
    """What becomes of a line: what is queued gets a new status, a new message is written, or both or none."""

    ends_queued_as: str = ""
    writes: bool = False
    expires_at_ms: int | None = None
    """Carried over from what is replaced: who could not be told for 72 h is not tried for ever."""


def audience(
    alerts: Sequence[Asked],
    routes: Sequence[RouteFacts],
    receivers: Mapping[int, Receiver],
    lines: Mapping[int, Line],
    now_ms: int,
) -> Audience:
    """Who is told of these alerts now: whom routes lead to, and the fallbacks of those that are out."""
    routes = [route for route in routes if route.destination in receivers]
    found = routed(alerts, routes, now_ms)
    ever = routed(alerts, [replace(route, hours=None) for route in routes], now_ms)
    for destination, line in lines.items():
        if line.queued is not None and destination in ever:
            found.setdefault(destination, ever[destination])
    reached = _reached(found, receivers, lines, now_ms) | _reached(ever, receivers, lines, now_ms) - _ids(
        found
    )
    stranded = [alert.id for alert in alerts if alert.id not in reached]
    told = {destination: ids for destination, ids in found.items() if receivers[destination].is_enabled}
    for fallback in receivers.values():
        if fallback.is_fallback and fallback.is_enabled:
            _tell_fallback(told, fallback.id, alerts, stranded, lines.get(fallback.id, Line()))
    fallback_ids = {receiver.id for receiver in receivers.values() if receiver.is_fallback}
    is_caught = bool(told.keys() & fallback_ids)
    return Audience(told, () if is_caught else stranded, next_opening_ms(alerts, routes, now_ms))


def _ids(found: Mapping[int, Sequence[int]]) -> set[int]:
    return {alert for ids in found.values() for alert in ids}


def _reached(
    found: Mapping[int, Sequence[int]],
    receivers: Mapping[int, Receiver],
    lines: Mapping[int, Line],
    now_ms: int,
) -> set[int]:
    """The alerts that at least one destination takes that can be told."""
    return {
        alert
        for destination, ids in found.items()
        if not receivers[destination].is_out(now_ms) and lines.get(destination, Line()).given_up is None
        for alert in ids
    }


def _tell_fallback(
    told: dict[int, list[int]], fallback: int, alerts: Sequence[Asked], stranded: Iterable[int], line: Line
) -> None:
    """It gets what is stranded; once it knows of a group, all of it, so that it hears the end too."""
    knows = line.is_dangling or line.queued is not None
    wanted = {alert.id for alert in alerts} if knows else {*stranded, *told.get(fallback, ())}
    if wanted:
        told[fallback] = [alert.id for alert in alerts if alert.id in wanted]


def step(line: Line, message: Message | None, *, now_ms: int, repeat_ms: int = REPEAT_MS) -> Step:
    """What to do with a line, given what its destination should be told. Never while one is in flight."""
    queued = line.queued
    if message is None:
        return Step(ends_queued_as="suppressed") if queued else Step()
    if queued is not None:
        if queued.says_the_same_as(message):
            return Step()
        return Step(ends_queued_as="replaced", writes=True, expires_at_ms=queued.expires_at_ms)
    given_up = line.given_up
    if given_up and given_up.says_the_same_as(message) and now_ms - given_up.at_ms < repeat_ms:
        return Step()
    return Step(writes=True)


@dataclass(frozen=True)
class Waits:
    """What a group waits for after it was told about."""

    is_over: bool
    is_in_flight: bool = False
    is_inhibited: bool = False
    silenced_until_ms: Sequence[int] = field(default_factory=tuple)
    opens_at_ms: int | None = None
    is_dangling: bool = False
    """Somebody knows its beginning and not its end."""


def next_flush_ms(waits: Waits, now_ms: int, repeat_ms: int = REPEAT_MS) -> int | None:
    """When a group is looked at again though nothing changes; None where it is over and all is told."""
    moments = [now_ms + IN_FLIGHT_RECHECK_MS] if waits.is_in_flight else []
    if waits.opens_at_ms is not None and (waits.is_dangling or not waits.is_over):
        moments.append(waits.opens_at_ms)
    if not waits.is_over:
        moments.append(now_ms + repeat_ms)
        moments.extend(max(until_ms, now_ms + IN_FLIGHT_RECHECK_MS) for until_ms in waits.silenced_until_ms)
        if waits.is_inhibited:
            moments.append(now_ms + INHIBITED_RECHECK_MS)
    return min(moments, default=None)
