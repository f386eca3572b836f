"""Common moments at which regular work of many clusters begins. Pure; the clock is the caller's.

Two hundred probes spread evenly over ten seconds wake the process two hundred times, each time with cold
caches; twenty at a time, they cost a third.
"""

import math

BEAT_SECONDS = 1.0


def seconds_to_beat(now: float, wait_seconds: float) -> float:
    """How long to wait so as to go on at the last common moment within `wait_seconds`.

    Where none is within, or the wait is too short to be shifted, just that long.

    >>> seconds_to_beat(100.25, 10.0), seconds_to_beat(100.5, 10.0), seconds_to_beat(100.25, 0.2)
    (9.75, 9.5, 0.2)
    """
    if wait_seconds < 2 * BEAT_SECONDS:
        return wait_seconds
    beat = math.floor((now + wait_seconds) / BEAT_SECONDS) * BEAT_SECONDS
    return beat - now
