"""Moments and spans of time as messages write them. Pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MS = 86_400_000


def span(length_ms: int) -> str:
    """A span of time.

    >>> span(48_000), span(23 * 60_000), span(4_320_000), span(3 * DAY_MS), span(-5)
    ('48 s', '23 min', '1 h 12 min', '3 d', '0 s')
    """
    seconds = max(0, length_ms // 1000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        hours, minutes = seconds // 3600, seconds // 60 % 60
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{seconds // 86400} d"


def clock(at_ms: int, *, zone: str, beside_ms: int) -> str:
    """A moment on the 24-hour clock of a zone, with its date unless it is the day of `beside_ms`.

    >>> clock(0, zone="UTC", beside_ms=60_000), clock(0, zone="Europe/Berlin", beside_ms=2 * DAY_MS)
    ('00:00 UTC', '1 January 1970, 01:00 CET')
    """
    moment, beside = _local(at_ms, zone), _local(beside_ms, zone)
    time = f"{moment:%H:%M} {moment.tzname()}"
    return time if moment.date() == beside.date() else f"{moment.day} {moment:%B %Y}, {time}"


def iso(at_ms: int) -> str:
    """A moment in UTC to the second.

    >>> iso(1_500)
    '1970-01-01T00:00:01Z'
    """
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _local(at_ms: int, zone: str) -> datetime:
    moment = datetime.fromtimestamp(at_ms // 1000, UTC)
    try:
        return moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):  # the zone was taken off the machine since
        return moment
