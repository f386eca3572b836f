"""What is due when. The clock is whoever calls `advance`."""

import heapq
from collections.abc import Callable
from itertools import count

Call = Callable[[], None]


class Timeline:
    """Calls due at moments in milliseconds, played in order."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self._due: list[tuple[int, int, Call]] = []
        self._order = count()

    def at(self, due_ms: int, call: Call) -> None:
        """Have something done at a moment; a past one is the next."""
        heapq.heappush(self._due, (max(due_ms, self.now_ms), next(self._order), call))

    def after(self, seconds: float, call: Call) -> None:
        """Have something done in so many seconds."""
        self.at(self.now_ms + int(seconds * 1000), call)

    def every(self, seconds: float, call: Call) -> None:
        """Have something done again and again."""

        def again() -> None:
            call()
            self.after(seconds, again)

        self.after(seconds, again)

    @property
    def next_ms(self) -> int | None:
        """When the next thing is due."""
        return self._due[0][0] if self._due else None

    def advance(self, to_ms: int) -> None:
        """Play all that is due up to a moment, each at its own time."""
        while self._due and self._due[0][0] <= to_ms:
            due_ms, _, call = heapq.heappop(self._due)
            self.now_ms = max(self.now_ms, due_ms)
            call()
        self.now_ms = max(self.now_ms, to_ms)
