"""Numbers, ages and moments as pages write them. Pure; static/js/format.js writes the same."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NO_VALUE = "–"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def cores(value: float | None) -> str:
    """CPU: thousandths below one core, three digits above.

    >>> cores(0.412), cores(3.2), cores(1204.0), cores(0), cores(None)
    ('412m', '3.2 cores', '1,204 cores', '0', '–')
    """
    if value is None:
        return NO_VALUE
    if value == 0:
        return "0"
    if value < 0.9995:
        return f"{round(value * 1000)}m"
    return f"{_three_digits(value)} cores" if value < 99.95 else f"{round(value):,} cores"


def memory(value: float | None) -> str:
    """Bytes in binary units.

    >>> memory(536870912), memory(3.4 * 2**30), memory(1.21 * 2**40), memory(0), memory(None)
    ('512 MiB', '3.4 GiB', '1.21 TiB', '0', '–')
    """
    if value is None:
        return NO_VALUE
    if value == 0:
        return "0"
    unit, amount = 0, float(value)
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    number = str(round(amount)) if unit < 3 else _three_digits(amount)
    return f"{number} {_UNITS[unit]}"


def count(value: int | None) -> str:
    """A number of things.

    >>> count(29871), count(0), count(None)
    ('29,871', '0', '–')
    """
    return NO_VALUE if value is None else f"{value:,}"


def percent_of(part: float | None, whole: float | None) -> int | None:
    """How many percent of the whole, rounded down; None where it cannot be told.

    >>> percent_of(1, 3), percent_of(None, 3), percent_of(1, 0)
    (33, None, None)
    """
    if part is None or not whole:
        return None
    return int(100 * part / whole)


def age(seconds: float) -> str:
    """A span of time.

    >>> age(48), age(23 * 60), age(4320), age(3 * 86400 + 5), age(-3)
    ('48 s', '23 min', '1 h 12 min', '3 d', '0 s')
    """
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        hours, minutes = whole // 3600, whole // 60 % 60
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{whole // 86400} d"


def clock(moment: str | None, *, now: datetime, zone: ZoneInfo) -> str:
    """When it was, in the reader's zone: the time today, the date before.

    >>> noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    >>> clock("2026-11-21T11:02:00Z", now=noon, zone=ZoneInfo("UTC"))
    '11:02'
    >>> clock("2026-11-19T11:02:00Z", now=noon, zone=ZoneInfo("UTC"))
    '19 Nov 11:02'
    """
    if moment is None:
        return NO_VALUE
    local = datetime.fromisoformat(moment).astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}" if local.year == now.year else f"{local.day} {local:%b %Y}"


def seconds_since(moment: str | None, *, now: datetime) -> float | None:
    """How long ago it was; None where nobody can tell."""
    return None if moment is None else (now - datetime.fromisoformat(moment)).total_seconds()


def utc_now() -> datetime:
    """Our clock."""
    return datetime.now(UTC)


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):g}"
