"""How long to wait before asking a sick cluster again."""

import random
from collections.abc import Callable

FIRST_SECONDS = 0.8
LONGEST_SECONDS = 30.0
RESET_AFTER_SECONDS = 120.0


class Backoff:
    """Doubling waits with full jitter, as client-go's reflector has them; forgotten after two good minutes.

    The clock is the caller's (monotonic seconds).
    """

    def __init__(self, choose: Callable[[], float] = random.random) -> None:
        self._choose = choose
        self._attempt = 0
        self._last_failure: float | None = None

    def failed(self, now: float, *, at_least_seconds: float | None = None) -> float:
        """Note a failure; the seconds to wait now, never under a second after the first."""
        if self._last_failure is not None and now - self._last_failure > RESET_AFTER_SECONDS:
            self._attempt = 0
        self._last_failure = now
        ceiling = min(FIRST_SECONDS * float(1 << self._attempt), LONGEST_SECONDS)
        self._attempt = min(self._attempt + 1, 16)
        seconds = ceiling / 2 + self._choose() * ceiling / 2
        return max(seconds, at_least_seconds or 0.0)

    def reset(self) -> None:
        """All is well again."""
        self._attempt = 0
        self._last_failure = None
