"""Percentiles, by the nearest rank: a value that was really measured. Pure."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least `percent` of all do not exceed; None of nothing.

    >>> percentile([4, 1, 3, 2], 50), percentile([4, 1, 3, 2], 99), percentile([], 50)
    (2, 4, None)
    """
    if not values:
        return None
    if not 0 < percent <= 100:
        raise ValueError(f"{percent} is no percentage above 0 and up to 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
