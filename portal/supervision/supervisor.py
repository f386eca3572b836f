"""Keeps children running until told to stop."""

import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence

from portal.supervision.child import WAITED_SIGNALS, Child
from portal.supervision.restarts import delay_seconds, failures_after

# Together under the ten seconds that a stop may take.
STOP_SECONDS = 7.0
STOP_LAST_SECONDS = 1.5
LONGEST_WAIT_SECONDS = 5.0

log = logging.getLogger(__name__)


class Supervisor:
    """Starts, restarts and stops children. Everything happens in the main thread, one thing at a time."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = list(children)
        self._stop_signal: signal.Signals | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Hold signals back for `watch`, and leave no child behind, whatever happens inside."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_SIGNALS)
        try:
            yield
        finally:
            self._stop_all()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def start(self, child: Child) -> None:
        """Start one of the children now."""
        child.start(now_seconds=time.monotonic())
        _say(f"{child.program.name} started", child)

    def start_first(self) -> None:
        """Start what the others need: that which stops last."""
        for child in self._children:
            if child.program.stops_last:
                self.start(child)

    def start_all(self) -> None:
        """Start every child that does not run yet, unless told to stop meanwhile."""
        for child in self._children:
            if self._stop_signal is None and child.pid is None and child.restart_at_seconds is None:
                self.start(child)

    def add(self, child: Child) -> None:
        """Take one more under supervision; `start_all` starts it."""
        self._children.append(child)

    def retire(self, child: Child) -> None:
        """Stop one for good."""
        self._children.remove(child)
        _stop([child], within_seconds=STOP_LAST_SECONDS)

    def watch(self, *, until: Callable[[], bool] | None = None, every_seconds: float = 0.2) -> bool:
        """Restart what dies, until told to stop (False) or until something is true (True)."""
        while self._stop_signal is None:
            if until is not None and until():
                return True
            self._wait(every_seconds if until is not None else LONGEST_WAIT_SECONDS)
            self._look_after(now_seconds=time.monotonic())
        return False

    def _wait(self, at_most_seconds: float) -> None:
        due = [child.restart_at_seconds for child in self._children if child.restart_at_seconds is not None]
        seconds = max(min([at_most_seconds, *(at - time.monotonic() for at in due)]), 0.01)
        received = signal.sigtimedwait(WAITED_SIGNALS, seconds)
        if received is not None and received.si_signo != signal.SIGCHLD:
            self._stop_signal = signal.Signals(received.si_signo)

    def _look_after(self, *, now_seconds: float) -> None:
        for child in self._children:
            if (how := child.ended()) is not None:
                self._plan_restart(child, how, now_seconds=now_seconds)
            if self._stop_signal is None and _is_due(child, now_seconds):
                self.start(child)

    def _plan_restart(self, child: Child, how: str, *, now_seconds: float) -> None:
        ran_seconds = now_seconds - child.started_at_seconds
        child.failures = failures_after(child.failures, ran_seconds=ran_seconds)
        delay = delay_seconds(child.failures)
        child.restart_at_seconds = now_seconds + delay
        log.warning(
            "%s %s after %.0f s; starting it again in %.2g s", child.program.name, how, ran_seconds, delay
        )

    def _stop_all(self) -> None:
        if self._stop_signal is not None:
            log.info("stopping (%s)", self._stop_signal.name)
        _stop(
            [child for child in self._children if not child.program.stops_last], within_seconds=STOP_SECONDS
        )
        _stop(
            [child for child in self._children if child.program.stops_last], within_seconds=STOP_LAST_SECONDS
        )
        log.info("stopped")


def _is_due(child: Child, now_seconds: float) -> bool:
    return child.restart_at_seconds is not None and now_seconds >= child.restart_at_seconds


def _stop(children: Sequence[Child], *, within_seconds: float) -> None:
    """TERM, and KILL for those that do not listen; a second TERM would not force a worker."""
    for child in children:
        child.restart_at_seconds = None
        child.send(signal.SIGTERM)
    late = _wait_for_end(children, until_seconds=time.monotonic() + within_seconds)
    for child in late:
        log.warning("%s did not stop within %.2g s; killed", child.program.name, within_seconds)
        child.send(signal.SIGKILL)
    _wait_for_end(late, until_seconds=time.monotonic() + 1.0)


def _wait_for_end(children: Sequence[Child], *, until_seconds: float) -> list[Child]:
    while True:
        for child in children:
            if (how := child.ended()) is not None:
                log.info("%s %s", child.program.name, how)
        left = [child for child in children if child.pid is not None]
        seconds = until_seconds - time.monotonic()
        if not left or seconds <= 0:
            return left
        signal.sigtimedwait({signal.SIGCHLD}, min(seconds, 0.2))


def _say(what: str, child: Child) -> None:
    log.info("%s (pid %s)", what, child.pid)
