"""Common moments at which regular work of many clusters begins. Pure; the clock is the caller's.

Two hundred probes spread evenly over ten seconds wake the process two hundred times, each time with cold
caches; ten at a time, they cost a third.
"""

import math

BEATS_A_SECOND = 2.0


def seconds_to_beat(now: float, wait_seconds: float) -> float:
    """How long to wait so as to go on at the last common moment within `wait_seconds`.

    Where none is within, or the wait is too short to be shifted, just that long.

    >>> seconds_to_beat(100.25, 10.0), seconds_to_beat(100.5, 10.0), seconds_to_beat(100.25, 0.2)
    (9.75, 10.0, 0.2)
    """
    if wait_seconds < 4 / BEATS_A_SECOND:
        return wait_seconds
    beat = math.floor((now + wait_seconds) * BEATS_A_SECOND) / BEATS_A_SECOND
    return beat - now
