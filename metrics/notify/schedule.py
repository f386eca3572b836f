"""When a message is tried again. Pure."""

STEPS_MS = (5_000, 15_000, 60_000, 180_000, 300_000)
SPREAD = 0.2
"""Of the last step: destinations that failed together are not tried together for ever."""
LEAST_RETRY_AFTER_MS, MOST_RETRY_AFTER_MS = 1_000, 900_000


def delay_ms(failures: int, *, chance: float) -> int:
    """How long to wait after that many failures in a row; `chance` is between 0 and 1.

    >>> [delay_ms(n, chance=0.5) for n in (1, 2, 3, 4, 5, 99)]
    [5000, 15000, 60000, 180000, 300000, 300000]
    """
    step = STEPS_MS[min(max(failures, 1), len(STEPS_MS)) - 1]
    if failures < len(STEPS_MS):
        return step
    return round(step * (1 - SPREAD + 2 * SPREAD * chance))


def clamped_retry_after_ms(asked_ms: int) -> int:
    """What a receiver asks for, within reason: it must not send itself away for a day.

    >>> clamped_retry_after_ms(10), clamped_retry_after_ms(86_400_000)
    (1000, 900000)
    """
    return max(LEAST_RETRY_AFTER_MS, min(MOST_RETRY_AFTER_MS, asked_ms))
