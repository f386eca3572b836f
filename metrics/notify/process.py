"""The dispatcher of this process: made when Celery's worker starts, stopped when it shuts down."""

import os
import platform
import threading
import time
from uuid import uuid4

from django.conf import settings

from metrics.notify.dialling import Line
from metrics.notify.dispatcher import STOP_SECONDS, Dispatcher, Means
from metrics.notify.words import shipped_words


class TellingProcess:
    """A dispatcher and the thread it runs in."""

    def __init__(self, means: Means) -> None:
        self.dispatcher = Dispatcher(means)
        self._thread = threading.Thread(target=self.dispatcher.run, name="dispatcher", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Begin nothing more, and wait a moment for what is under way."""
        self.dispatcher.stop()
        self._thread.join(timeout=STOP_SECONDS + 1)


_lock = threading.Lock()
_process: TellingProcess | None = None


def start() -> TellingProcess:
    """The one of this process, started where it does not run yet or runs no more."""
    global _process
    with _lock:
        if _process is None or not _process.is_alive:
            _process = TellingProcess(_means())
        return _process


def begin_to_stop() -> None:
    """Have it begin nothing more, if it runs; waits for nothing."""
    with _lock:
        if _process is not None:
            _process.dispatcher.stop()


def stop() -> None:
    """Stop it, if it runs."""
    global _process
    with _lock:
        if _process is not None:
            _process.stop()
            _process = None


def _means() -> Means:
    return Means(
        owner=f"{platform.node()[:60]}:{os.getpid()}:{uuid4().hex[:8]}",
        line=Line(allowed_ranges=settings.WEBHOOK_RANGES),
        keyring=settings.CLUSTER_KEYRING,
        words=shipped_words,
        clock_ms=lambda: time.time_ns() // 1_000_000,
    )
