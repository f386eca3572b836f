"""Which destinations are told of which alerts. Pure.

A destination is told only of the alerts that its own routes match, so that a team's channel never names
what the team may not see. Default routes take what no other route takes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clusters.access.selectors import Requirement, matches

ORDINARY = ("critical", "warning", "info")
DAY_MINUTES = 24 * 60
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


class HoursError(ValueError):
    """Hours that cannot be understood; the message says what would do."""


@dataclass(frozen=True)
class Hours:
    """When a route is open: on these days (0 is Monday) from one time of day to another, in a zone.

    An end that is not after the start is on the next day. Times that a change of clocks skips or repeats
    count as the wall shows them.
    """

    days: tuple[int, ...]
    from_minute: int
    to_minute: int
    zone: str

    def is_open(self, now_ms: int) -> bool:
        """Whether it is now."""
        local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(self.zone))
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.from_minute < self.to_minute:
            return today in self.days and self.from_minute <= minute < self.to_minute
        began_today = today in self.days and minute >= self.from_minute
        return began_today or ((today - 1) % 7 in self.days and minute < self.to_minute)

    def next_opening_ms(self, now_ms: int) -> int | None:
        """When it opens next, or `now_ms` where it is open; None where it never does."""
        if self.is_open(now_ms):
            return now_ms
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
        start = time(self.from_minute // 60, self.from_minute % 60)
        for ahead in range(9):
            opens_at = datetime.combine(today + timedelta(days=ahead), start, zone)
            opens_at_ms = int(opens_at.timestamp() * 1000)
            if opens_at.weekday() in self.days and opens_at_ms > now_ms:
                return opens_at_ms
        return None


@dataclass(frozen=True)
class RouteFacts:
    """A route as it is asked about alerts. What is None or empty asks nothing."""

    id: int
    destination: int
    is_default: bool = False
    cluster: str | None = None
    """A cluster's UUID."""
    requirements: tuple[Requirement, ...] | None = None
    """On the cluster's labels."""
    namespace: str = ""
    clusters: frozenset[str] | None = None
    """UUIDs of the clusters that the route's team may see."""
    severities: tuple[str, ...] = ()
    hours: Hours | None = None


@dataclass(frozen=True)
class Told:
    """What routes ask of one alert. `cluster` is empty where it is about the portal itself."""

    id: int
    severity: str
    cluster: str
    labels: dict[str, str]
    namespace: str = ""


def routed(alerts: Sequence[Told], routes: Iterable[RouteFacts], now_ms: int) -> dict[int, list[int]]:
    """Destination id to the ids of the alerts it is told of, both in the order given."""
    is_open = [route for route in routes if route.hours is None or route.hours.is_open(now_ms)]
    own = [route for route in is_open if not route.is_default]
    default = [route for route in is_open if route.is_default]
    found: defaultdict[int, list[int]] = defaultdict(list)
    for alert in alerts:
        taking = [route for route in own if takes(route, alert)]
        taking = taking or [route for route in default if takes(route, alert)]
        for destination in dict.fromkeys(route.destination for route in taking):
            found[destination].append(alert.id)
    return dict(found)


def takes(route: RouteFacts, alert: Told) -> bool:
    """Whether a route, were it open, takes an alert. A test goes only where it was sent to."""
    if alert.severity not in (route.severities or ORDINARY):
        return False
    if route.cluster is not None and alert.cluster != route.cluster:
        return False
    if route.clusters is not None and alert.cluster not in route.clusters:
        return False
    if route.namespace and alert.namespace != route.namespace:
        return False
    return route.requirements is None or (bool(alert.cluster) and matches(route.requirements, alert.labels))


def next_opening_ms(alerts: Sequence[Told], routes: Iterable[RouteFacts], now_ms: int) -> int | None:
    """When the first closed route opens that takes one of the alerts; None where there is none."""
    closed = [
        route.hours
        for route in routes
        if route.hours is not None
        and not route.hours.is_open(now_ms)
        and any(takes(route, alert) for alert in alerts)
    ]
    openings = [hours.next_opening_ms(now_ms) for hours in closed]
    return min((at_ms for at_ms in openings if at_ms is not None), default=None)


def parse_hours(text: str, *, zone: str) -> Hours:
    """Hours as people write them: `mon-fri 09:00-18:00`, `sat,sun 00:00-24:00`, `22:00-06:00 Europe/Berlin`.

    Raises HoursError.
    """
    days: tuple[int, ...] = EVERY_DAY
    span: tuple[int, int] | None = None
    for word in text.split():
        if ":" in word:
            span = _span(word)
        elif "/" in word or word == "UTC":
            zone = word
        else:
            days = _days(word)
    if span is None:
        raise HoursError("Hours need a time span, such as mon-fri 09:00-18:00.")
    return checked_hours(days, span[0], span[1], zone)


def checked_hours(days: Iterable[object], from_minute: object, to_minute: object, zone: object) -> Hours:
    """Hours of parts that came from outside. Raises HoursError."""
    found = tuple(sorted({day for day in days if isinstance(day, int) and 0 <= day <= 6}))
    if not found:
        raise HoursError("Hours need a day from 0, Monday, to 6, Sunday.")
    if not (isinstance(from_minute, int) and isinstance(to_minute, int)):
        raise HoursError("Hours begin and end at a minute of the day.")
    if not (0 <= from_minute < DAY_MINUTES and 0 < to_minute <= DAY_MINUTES) or from_minute == to_minute:
        raise HoursError(
            "Hours begin between 00:00 and 23:59 and end between 00:01 and 24:00, not at the same minute."
        )
    try:
        ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise HoursError(f"{str(zone)[:60]!r} is not a time zone; write one such as Europe/Berlin.") from None
    return Hours(found, from_minute, to_minute, str(zone))


_DAYS = {name: place for place, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}


def _days(word: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in word.lower().split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise HoursError(f"{part[:20]!r} is not a day; write mon, tue, wed, thu, fri, sat or sun.")
        begin, end = _DAYS[first], _DAYS[last or first]
        found.extend((begin + ahead) % 7 for ahead in range((end - begin) % 7 + 1))
    return tuple(found)


def _span(word: str) -> tuple[int, int]:
    first, dash, last = word.partition("-")
    if not dash:
        raise HoursError(f"{word[:20]!r} is not a time span; write one such as 09:00-18:00.")
    return _minute(first), _minute(last)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()) or int(minute) > 59:
        raise HoursError(f"{text[:20]!r} is not a time of day; write one such as 09:00.")
    return int(hour) * 60 + int(minute)
