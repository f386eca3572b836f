"""The fan-out of one web process: what comes from Redis and the rows goes to the sockets that may see it.

One hub a process, on the event loop of its sockets. It joins before it reads: subscribed to Redis first,
it then reads the rows, and again every few seconds, so that whatever Redis lost heals.
"""

import asyncio
import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from django.conf import settings
from django.db import Error as DatabaseError

from clusters.wakeups import ACCESS_CHANNEL, CLUSTERS_CHANNEL
from metrics.database import DatabaseThread
from metrics.live import frames
from metrics.live.fleet import FleetFanout
from metrics.live.frames import Frame
from metrics.live.rows import CardReader, Reading, read_epochs
from metrics.live.shelf import Card, Shelf
from metrics.live.subscriber import Subscriber
from metrics.sightings import WORKER, is_at_work, last_seen_at_ms

HEAL_SECONDS = (10.0, 15.0)
POLL_SECONDS = 2.0
"""Rows are followed this often while Redis is away, and once more after it came back."""
EPOCHS_SECONDS = 1.0
WORKERS_SECONDS = 2.0
BEAT_SECONDS = 2.0
START_SECONDS = 10.0
SOCKETS_A_USER = 20

logger = logging.getLogger(__name__)


class ClusterPage(Protocol):
    """A socket that follows one cluster, as the hub knows it."""

    def offer(self, frame: Frame) -> None:
        """One more frame of the cluster."""
        ...

    def touch(self) -> None:
        """The card of the cluster is another at the same place."""
        ...

    def heal(self) -> None:
        """The rows are ahead of the frames: some were lost."""
        ...


class Line(Protocol):
    """Any socket, as the hub knows it."""

    user_id: int
    epoch: int

    def recheck(self) -> None:
        """What the user may see may have changed."""
        ...

    def beat(self) -> None:
        """Give a sign of life if nothing else is to be said."""
        ...


class Hub:
    """Latest cards, last frames and all sockets of this process."""

    def __init__(self, redis_url: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.database = DatabaseThread()
        self.shelf = Shelf()
        self.fleet = FleetFanout(
            shelf=self.shelf,
            now_ms=now_ms,
            spent_seconds=time.thread_time,
            call_later=self.loop.call_later,
        )
        self._pages: defaultdict[str, set[ClusterPage]] = defaultdict(set)
        self._lines: defaultdict[int, set[Line]] = defaultdict(set)
        self._rows_are_due = asyncio.Event()
        self._is_ready = asyncio.Event()
        self._workers_are_known = asyncio.Event()
        self.worker_seen_at_ms: int | None = None
        self._heals_soon = False
        self._reader = CardReader()
        self.subscriber = Subscriber(
            redis_url,
            (frames.CHANNEL, ACCESS_CHANNEL, CLUSTERS_CHANNEL),
            on_message=self.take_message,
            on_gap=self._note_gap,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen, unless that was done; return when the first rows are read."""
        if not self._tasks:
            rows = (self._follow_rows, self._follow_epochs, self._follow_workers)
            jobs = (self.subscriber.run, *rows, self._give_beats)
            self._tasks = [asyncio.create_task(_watched(job)) for job in jobs]
        async with asyncio.timeout(START_SECONDS):
            await self._is_ready.wait()
            await self._workers_are_known.wait()

    async def stop(self) -> None:
        """End all that start() began."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await asyncio.to_thread(self.database.stop)

    @property
    def is_reading(self) -> bool:
        """Whether a worker is at work. While the database is silent the last one seen grows older."""
        return is_at_work(self.worker_seen_at_ms, now_ms())

    def enter(self, line: Line) -> bool:
        """Count a socket in; False where its user has too many."""
        if len(self._lines[line.user_id]) >= SOCKETS_A_USER:
            return False
        self._lines[line.user_id].add(line)
        return True

    def exit(self, line: Line) -> None:
        """Count a socket out."""
        self._lines[line.user_id].discard(line)
        if not self._lines[line.user_id]:
            del self._lines[line.user_id]

    def join(self, uuid: str, page: ClusterPage) -> None:
        """Hand each frame of a cluster to `page` from now on."""
        self._pages[uuid].add(page)

    def leave(self, uuid: str, page: ClusterPage) -> None:
        """Hand it no more."""
        self._pages[uuid].discard(page)
        if not self._pages[uuid]:
            del self._pages[uuid]

    def take_message(self, channel: str, data: bytes) -> None:
        """One message from Redis. One that cannot be understood is told of and left out."""
        try:
            if channel == frames.CHANNEL:
                self.fleet.changed(*[one.uuid for one in frames.decode_frames(data) if self._take_frame(one)])
            elif channel == ACCESS_CHANNEL:
                self._take_access(json.loads(data))
            else:
                self._rows_are_due.set()
                self._recheck_everybody()
        except (msgspec.MsgspecError, ValueError, TypeError, AttributeError):
            logger.warning("Left out a message on %s that is none of ours.", channel, exc_info=True)

    def _take_frame(self, frame: Frame) -> bool:
        """Put a frame on the shelf and tell the pages of its cluster; False where it is none of news."""
        if not frame.is_step:
            return self._take_card(frame)
        if not self.shelf.take_frame(frame, self.loop.time()):
            return False
        for page in self._pages.get(frame.uuid, ()):
            page.offer(frame)
        return True

    def _take_card(self, frame: Frame) -> bool:
        before = self.shelf.card(frame.uuid)
        if not self.shelf.take_card_of(frame):
            return False
        self._tell_pages(before, (frame.fence, frame.number), frame.uuid)
        return True

    def _take_access(self, news: dict[str, object]) -> None:
        users = news.get("users")
        if not isinstance(users, list):
            self._recheck_everybody()
            return
        for user_id in users:
            for line in self._lines.get(user_id, ()):
                line.recheck()

    def _recheck_everybody(self) -> None:
        for lines in self._lines.values():
            for line in lines:
                line.recheck()

    def _note_gap(self) -> None:
        """Rows are up to a second late: read them now, and once more soon."""
        self._heals_soon = True
        self._rows_are_due.set()

    async def _follow_rows(self) -> None:
        await self.subscriber.has_tried.wait()
        while True:
            self._rows_are_due.clear()
            try:
                self._take_rows(await self.database.run(self._reader.read, self.shelf.stamps()))
            except DatabaseError:
                logger.warning("Could not read the clusters' rows; trying again.", exc_info=True)
            else:
                self._is_ready.set()
            await _wait(self._rows_are_due, self._seconds_to_next_rows())

    def _seconds_to_next_rows(self) -> float:
        if self._heals_soon or not self.subscriber.is_connected or not self._is_ready.is_set():
            self._heals_soon = False
            return POLL_SECONDS
        return random.uniform(*HEAL_SECONDS)

    def _take_rows(self, reading: Reading) -> None:
        for uuid in self.shelf.drop_all_but(reading.uuids):
            self.fleet.changed(uuid)
        for card in reading.cards:
            before = self.shelf.card(card.uuid)
            if self.shelf.take_row(card):
                self.fleet.changed(card.uuid)
                self._tell_pages(before, card.order, card.uuid)

    def _tell_pages(self, before: Card | None, order: tuple[int, int], uuid: str) -> None:
        """A card that is ahead means lost frames; one at the same place is only another card."""
        for page in self._pages.get(uuid, ()):
            if before is None or before.order != order:
                page.heal()
            else:
                page.touch()

    async def _follow_epochs(self) -> None:
        while True:
            await asyncio.sleep(EPOCHS_SECONDS)
            if not self._lines:
                continue
            try:
                epochs = await self.database.run(read_epochs, list(self._lines))
            except DatabaseError:
                logger.warning("Could not read who may see what; trying again.", exc_info=True)
                continue
            for user_id, lines in self._lines.items():
                for line in lines:
                    if line.epoch != epochs.get(user_id):
                        line.recheck()

    async def _follow_workers(self) -> None:
        """Without a worker no frame comes and no row changes: only this tells it from a quiet fleet."""
        while True:
            was_reading = self.is_reading
            try:
                self.worker_seen_at_ms = await self.database.run(last_seen_at_ms, WORKER, now_ms())
            except DatabaseError:
                logger.warning("Could not read when a worker was seen; trying again.", exc_info=True)
            else:
                self._workers_are_known.set()
            if self.is_reading != was_reading:
                self._beat()
            await asyncio.sleep(WORKERS_SECONDS)

    async def _give_beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._beat()

    def _beat(self) -> None:
        for lines in self._lines.values():
            for line in lines:
                line.beat()


_hub: Hub | None = None


async def running_hub() -> Hub:
    """The hub of this process, started. TimeoutError where the database does not answer."""
    global _hub
    if _hub is None or _hub.loop is not asyncio.get_running_loop():
        _hub = Hub(settings.REDIS_URL)
    await _hub.start()
    return _hub


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event or the time, whichever is first."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


async def _watched(job: Callable[[], Awaitable[None]]) -> None:
    """Run a job that must not end; whatever it fails with is logged, and it starts again."""
    while True:
        try:
            await job()
        except Exception:
            logger.exception("A job of the live hub failed; it starts again.")
        await asyncio.sleep(1)
