"""Flushes, sends and settles, over and over, in one thread of the worker; requests have threads of their own.

It needs the database alone: without Redis, alerts are told all the same. All its database work is in the one
thread; a request waits in a thread of one of two lanes, so that destinations that fail never delay others.
"""

import logging
import os
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connections

from clusters import leases
from clusters.connection.credentials import Keyring
from clusters.points import reached
from metrics.notify import heartbeat, sending
from metrics.notify.attempts import Parcel, Result, attempt
from metrics.notify.breaker import HostBook
from metrics.notify.dialling import Line
from metrics.notify.expiring import expire
from metrics.notify.flushing import flush
from metrics.notify.heartbeat import Ping
from metrics.notify.kinds.kind import DELIVERED
from metrics.notify.lanes import Lane
from metrics.notify.looking import is_anything_due
from metrics.notify.sending import Candidate
from metrics.notify.words import Words

HEALTHY_LANE = 128
FAILING_LANE = 16
REST_SECONDS = 0.5
AFTER_A_FAULT_SECONDS = 2.0
MINUTE_MS = 60_000
STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Means:
    """What a dispatcher works with."""

    owner: str
    line: Line
    keyring: Callable[[], Keyring]
    words: Callable[[], Words]
    clock_ms: Callable[[], int]


class Dispatcher:
    """One for each worker. `step` does all that is due; `run` repeats it until `stop`."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._lanes = {False: Lane("tell", HEALTHY_LANE), True: Lane("tell-again", FAILING_LANE)}
        self._done: queue.SimpleQueue[tuple[Result, bool]] = queue.SimpleQueue()
        self._unsettled: list[Result] = []
        self._pings: queue.SimpleQueue[tuple[Ping, str]] = queue.SimpleQueue()
        self._hosts = HostBook()
        self._wake = threading.Event()
        self._is_stopping = False
        self._minute = 0
        self._has_freed = False
        self._keyring: Keyring | None = None

    @property
    def under_way(self) -> int:
        """How many requests wait for their answers."""
        return sum(lane.under_way for lane in self._lanes.values())

    def wake(self) -> None:
        """Something may be due: look now."""
        self._wake.set()

    def run(self) -> None:
        """Until told to stop. What fails is told and tried again: nobody else would send."""
        while not self._is_stopping:
            rest_seconds = REST_SECONDS
            self._wake.clear()
            try:
                self.step()
            except (OperationalError, InterfaceError) as error:
                log.warning("nothing can be told while the database is away: %s", type(error).__name__)
                connections.close_all()
                rest_seconds = AFTER_A_FAULT_SECONDS
            except Exception:
                log.exception("telling failed; it is tried again in %.0f s", AFTER_A_FAULT_SECONDS)
                rest_seconds = AFTER_A_FAULT_SECONDS
            self._wake.wait(rest_seconds)
        self._drain()
        connections.close_all()

    def step(self) -> None:
        """All that is due now: flush, settle, send, and once a minute what time asks for."""
        now_ms = self._means.clock_ms()
        self._free_those_of_the_dead(now_ms)
        self._settle(now_ms)
        if is_anything_due(now_ms):
            if flush(now_ms, self._means.words()):
                self.wake()  # There may be more.
            if not self._is_stopping:
                self._send(now_ms)
        if now_ms // MINUTE_MS != self._minute:
            self._minute = now_ms // MINUTE_MS
            self._keyring = None  # A key may have been added.
            expire(now_ms)
            self._beat(now_ms)

    def stop(self) -> None:
        """Begin nothing more. What is under way is settled within STOP_SECONDS, or sent again by another."""
        self._is_stopping = True
        self.wake()

    def _free_those_of_the_dead(self, now_ms: int) -> None:
        """Once, before anything is claimed."""
        if not self._has_freed:
            host = self._means.owner.partition(":")[0]
            sending.free_those_of_the_dead(host, _is_another, now_ms)
            self._has_freed = True

    def _drain(self) -> None:
        ends_at_ms = self._means.clock_ms() + STOP_SECONDS * 1000
        try:
            while self.under_way and (now_ms := self._means.clock_ms()) < ends_at_ms:
                self._settle(now_ms)
                self._wake.wait(0.1)
            self._settle(self._means.clock_ms())
        except Exception:
            log.exception("what was just sent could not be noted; it is sent again, under the same id")

    def _beat(self, now_ms: int) -> None:
        ping = heartbeat.due_ping(now_ms)
        if ping is None:
            return

        def work() -> None:
            self._pings.put((ping, heartbeat.send_ping(ping, self._means.line, self._keys)))

        self._lanes[True].submit(work)

    def _settle(self, now_ms: int) -> None:
        while True:
            try:
                result, lane = self._done.get_nowait()
            except queue.Empty:
                break
            self._lanes[lane].under_way -= 1
            is_fine = result.verdict.outcome == DELIVERED
            self._hosts.ends(result.parcel.place, status=result.status, is_fine=is_fine, now_ms=now_ms)
            self._unsettled.append(result)
        while not self._pings.empty():
            self._lanes[True].under_way -= 1
            heartbeat.keep_answer(*self._pings.get_nowait())
        if self._unsettled:
            # Where the database is away, they are kept until it is back.
            sending.settle(self._unsettled, now_ms)
            self._unsettled = []

    def _send(self, now_ms: int) -> None:
        """One message for each destination that may be asked; the next when it is settled."""
        chosen = self._chosen(sending.candidates(now_ms), now_ms)
        if not chosen:
            return
        reached("candidates-found")
        failing = {one.message_id: one.is_failing for one in chosen}
        parcels = sending.claim(chosen, self._means.owner, now_ms)
        claimed = {parcel.message_id for parcel in parcels}
        for one in chosen:
            if one.message_id not in claimed:
                self._hosts.never_began(one.host)
        for parcel in parcels:
            self._submit(parcel, is_failing=failing[parcel.message_id])

    def _chosen(self, found: Iterable[Candidate], now_ms: int) -> list[Candidate]:
        """Those for whom a thread is free and whose host is not asked too much."""
        free = {lane: self._lanes[lane].free for lane in self._lanes}
        chosen = []
        for one in found:
            if free[one.is_failing] > 0 and self._hosts.may_ask(one.host, now_ms):
                free[one.is_failing] -= 1
                self._hosts.begins(one.host)
                chosen.append(one)
        return chosen

    def _submit(self, parcel: Parcel, *, is_failing: bool) -> None:
        def work() -> None:
            result = attempt(parcel, self._means.line, self._keys, self._means.clock_ms)
            self._done.put((result, is_failing))
            reached("result-given")
            self.wake()

        self._lanes[is_failing].submit(work)
        reached("parcel-given")

    def _keys(self) -> Keyring:
        if self._keyring is None:
            self._keyring = self._means.keyring()
        return self._keyring


def _is_another(pid: int) -> bool:
    """Whether another process runs under that id. Whoever had ours before, as in a container, is no more."""
    return pid != os.getpid() and leases.is_alive(pid)
