"""The worker of this process: made when Celery's worker starts, stopped when it shuts down."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

import redis.asyncio
from django.conf import settings

from metrics import collector
from metrics.database import DatabaseThread
from metrics.reading.loop import LoopThread
from metrics.reading.publisher import Publisher
from metrics.reading.worker import Worker

P = ParamSpec("P")
T = TypeVar("T")

STOP_SECONDS = 6.0
SWITCH_SECONDS = 0.0002

log = logging.getLogger(__name__)


class ReadingProcess:
    """Loop, database thread and worker, started together and stopped in order."""

    def __init__(self, redis_url: str) -> None:
        collector.calm()
        # The database's thread would else keep the loop waiting for 5 ms each time.
        sys.setswitchinterval(SWITCH_SECONDS)
        self._loop = LoopThread()
        self._database = DatabaseThread()
        self.worker: Worker = self._loop.submit(self._make(redis_url)).result(timeout=10)
        self._running: Future[None] = self._loop.submit(self.worker.run())
        self._running.add_done_callback(_end_if_broken)

    async def _make(self, redis_url: str) -> Worker:
        # The publisher has a deadline of its own: one more for each command costs a task each.
        client = redis.asyncio.from_url(redis_url, socket_timeout=None, socket_connect_timeout=2.0)
        return Worker(self._database, Publisher(client))

    def hold(self, cluster_id: int) -> bool:
        """Hold a cluster for one window; waits only until it is taken, not until the window ends."""
        return self._loop.submit(self.worker.hold(cluster_id)).result(timeout=30)

    def call_in_database(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the database thread, whose connection is open."""
        return self._database.call(work, *args, **kwargs)

    def stop(self) -> None:
        """Write what is left, give the leases back, stop."""
        self._running.cancel()
        try:
            self._loop.submit(self.worker.stop()).result(timeout=STOP_SECONDS)
        except Exception:
            log.exception("could not stop in order; the leases run out within 15 s")
        self._loop.stop()
        self._database.stop()


_lock = threading.Lock()
_process: ReadingProcess | None = None


def start() -> ReadingProcess:
    """The one of this process, started where it does not run yet."""
    global _process
    with _lock:
        if _process is None:
            _process = ReadingProcess(settings.REDIS_URL)
        return _process


def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in the database thread of this process's worker, or here where there is none.

    Celery closes a thread's connection after each task, and to open one costs more than a small question.
    """
    running = _process
    return work(*args, **kwargs) if running is None else running.call_in_database(work, *args, **kwargs)


def stop() -> None:
    """Stop it, if it runs."""
    global _process
    with _lock:
        if _process is not None:
            _process.stop()
            _process = None


def _end_if_broken(running: "Future[None]") -> None:
    """Without its loop this process reads and judges nothing: whoever started it starts a sound one."""
    if not running.cancelled() and (error := running.exception()) is not None:
        log.critical("the worker's loop broke: %r", error, exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)
