"""When a CronJob's schedule fires: five fields, macros and @every, in a time zone. Bounded for any text."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_MONTHS_AHEAD = 12 * 9
"""29 February is at most eight years away; whatever does not fire until then never does."""
_LONGEST_EVERY_S = 10 * 366 * 86_400
_LONGEST_TEXT = 200
_UNITS_S = {"h": 3600, "m": 60, "s": 1}


class _Fields(NamedTuple):
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    needs_both: bool
    """Whether day and weekday must both fit: so it is where one of them is a star."""


@lru_cache(maxsize=4096)
def firings_ms(text: str, zone: str, after_ms: int, count: int) -> tuple[int, ...]:
    """The next `count` moments at which the schedule fires, UTC milliseconds; fewer where there are none.

    Empty for a schedule or a zone that cannot be understood.

    >>> firings_ms("0 3 * * *", "UTC", 0, 2)
    (10800000, 97200000)
    """
    if len(text) > _LONGEST_TEXT:
        return ()
    try:
        if text.startswith("@every "):
            return _every(text.removeprefix("@every "), after_ms, count)
        fields = _parsed(_MACROS.get(text.strip(), text))
        return tuple(islice(_moments(fields, ZoneInfo(zone), after_ms), count))
    except (ValueError, ZoneInfoNotFoundError, OverflowError, OSError):
        return ()


def _every(length: str, after_ms: int, count: int) -> tuple[int, ...]:
    seconds, digits = 0, ""
    for letter in length.strip():
        if letter in _UNITS_S:
            seconds += int(digits) * _UNITS_S[letter]
            digits = ""
        else:
            digits += letter
    if digits or not 1 <= seconds <= _LONGEST_EVERY_S:
        raise ValueError(length)
    return tuple(after_ms + seconds * 1000 * (number + 1) for number in range(count))


def _parsed(text: str) -> _Fields:
    minute, hour, day, month, weekday = text.split()
    return _Fields(
        minutes=tuple(sorted(_values(minute, 0, 59, {}))),
        hours=tuple(sorted(_values(hour, 0, 23, {}))),
        days=_values(day, 1, 31, {}),
        months=_values(month, 1, 12, _MONTHS),
        weekdays=frozenset(value % 7 for value in _values(weekday, 0, 7, _DAYS)),
        needs_both=day[0] in "*?" or weekday[0] in "*?",
    )


def _values(field: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        begin, end = _span(span, low, high, names)
        if step and "-" not in span and span not in ("*", "?"):
            end = high
        stride = int(step) if step else 1
        if not low <= begin <= end <= high or stride < 1:
            raise ValueError(field)
        values.update(range(begin, end + 1, stride))
    return frozenset(values)


def _span(span: str, low: int, high: int, names: dict[str, int]) -> tuple[int, int]:
    if span in ("*", "?"):
        return low, high
    first, _, last = span.partition("-")
    begin = _number(first, names)
    return begin, _number(last, names) if last else begin


def _number(text: str, names: dict[str, int]) -> int:
    return names[text.lower()] if text.lower() in names else int(text)


def _moments(fields: _Fields, zone: ZoneInfo, after_ms: int) -> Iterator[int]:
    after = datetime.fromtimestamp(after_ms / 1000, tz=UTC)
    for day in _days(fields, after.astimezone(zone).date()):
        for hour in fields.hours:
            for minute in fields.minutes:
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                at_ms = round(moment.timestamp() * 1000)
                if at_ms > after_ms:
                    yield at_ms


def _days(fields: _Fields, first: date) -> Iterator[date]:
    """The days that fit, from `first` on; months that do not are skipped whole."""
    for number in range(first.month - 1, first.month - 1 + _MONTHS_AHEAD):
        year, month = first.year + number // 12, number % 12 + 1
        if month not in fields.months:
            continue
        for day_number in range(1, calendar.monthrange(year, month)[1] + 1):
            day = date(year, month, day_number)
            if day >= first and _fits(fields, day):
                yield day


def _fits(fields: _Fields, day: date) -> bool:
    fits_day, fits_weekday = day.day in fields.days, day.isoweekday() % 7 in fields.weekdays
    return (fits_day and fits_weekday) if fields.needs_both else (fits_day or fits_weekday)
