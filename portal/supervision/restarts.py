"""When a child that died is started again."""

FIRST_DELAY_SECONDS = 0.25
LONGEST_DELAY_SECONDS = 15.0
STEADY_AFTER_SECONDS = 30.0


def failures_after(failures: int, *, ran_seconds: float) -> int:
    """How many failures in a row this one makes; a run that was long enough forgives the earlier ones.

    >>> failures_after(4, ran_seconds=2.0), failures_after(4, ran_seconds=60.0)
    (5, 1)
    """
    return 1 if ran_seconds >= STEADY_AFTER_SECONDS else failures + 1


def delay_seconds(failures: int) -> float:
    """How long to wait after that many failures in a row: doubling, at most a quarter of a minute.

    >>> [delay_seconds(n) for n in (1, 2, 3, 7, 50)]
    [0.25, 0.5, 1.0, 15.0, 15.0]
    """
    return float(min(FIRST_DELAY_SECONDS * 2 ** min(failures - 1, 10), LONGEST_DELAY_SECONDS))
