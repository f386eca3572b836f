"""Moments as API servers write them, and ages as kubectl prints them."""

from datetime import UTC, datetime
from functools import lru_cache

UNKNOWN = "<unknown>"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = (2**63 - 1) // 10**6
"""In the year 2262 the API server's own clock, 64 bits of nanoseconds, ends."""

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@lru_cache(maxsize=16384)
def moment_ms(text: str | None) -> int | None:
    """UTC milliseconds of a timestamp; None for none, for nonsense and for what no clock of a server shows.

    >>> moment_ms("2026-11-21T10:27:20Z"), moment_ms("9999-12-31T23:59:59Z"), moment_ms("soon")
    (1795256840000, None, None)
    """
    if text is None or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
        at_ms = round((moment - _EPOCH).total_seconds() * 1000)
    except (ValueError, TypeError, OverflowError):  # TypeError: it names no zone
        return None
    return at_ms if 0 <= at_ms <= _LATEST_MS else None


def age(at_ms: int | None, now_ms: int) -> str:
    """How long ago, as kubectl prints it; `<unknown>` where the moment is.

    >>> age(0, 90_000), age(0, 150_000), age(None, 0)
    ('90s', '2m30s', '<unknown>')
    """
    return UNKNOWN if at_ms is None else duration(now_ms - at_ms)


def duration(length_ms: int) -> str:
    """A length of time in at most two units, as kubectl prints it. Clocks may be off by less than 2 s."""
    if length_ms <= -2 * SECOND_MS:
        return "<invalid>"
    seconds = max(length_ms, 0) // SECOND_MS
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    return _long(hours)


def _long(hours: int) -> str:
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return _two(hours // 24, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{hours // 24}d"
    if hours < 24 * 365 * 8:
        return _two(hours // 24 // 365, "y", hours // 24 % 365, "d")
    return f"{hours // 24 // 365}y"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
