"""Threads that wait for receivers: made when needed, gone after a while of peace; none holds up an exit."""

import queue
import threading
from collections.abc import Callable

PEACE_SECONDS = 30.0


class Lane:
    """At most `width` pieces of work at a time; the caller counts `under_way` down when one is done."""

    def __init__(self, name: str, width: int) -> None:
        self.width = width
        self.under_way = 0
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0

    @property
    def free(self) -> int:
        """How many more may leave."""
        return self.width - self.under_way

    def submit(self, work: Callable[[], None]) -> None:
        """Have a thread do it. The work must not raise."""
        self.under_way += 1
        with self._lock:
            self._work.put(work)
            if self._threads < self.under_way:
                self._threads += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=PEACE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._work.empty():
                        self._threads -= 1
                        return
                continue
            work()
