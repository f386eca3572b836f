"""What a worker process holds: its windows, the writer that stores for all of them, and its leases.

Everything here runs on the worker's one loop; the database is reached through one thread.
"""

import asyncio
import logging
import os
import random
import socket
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress

from django.db import DatabaseError

from clusters import leases
from clusters.kinds import all_kinds
from clusters.mirror.mirror import Mirror
from clusters.mirror.reading import ClusterReading
from clusters.points import reached
from clusters.state.resource import Resource
from metrics import pipeline
from metrics.alerts.effective import ClusterTerms
from metrics.database import DatabaseThread
from metrics.pipeline import Batch, Prepared
from metrics.reading import loading, usage
from metrics.reading.alerting import Alerting
from metrics.reading.judging import Judge, Rulebook, shipped_rulebook
from metrics.reading.loading import Loaded
from metrics.reading.publisher import Publisher
from metrics.reading.window import Window

WRITE_SECONDS = 1.0
RENEW_SECONDS = 5.0
WINDOW_MS = (300_000, 600_000)
LISTS_AT_ONCE = 16
WINDOWS_A_SLICE = 16
BATCHES_A_SLICE = 8
BATCH_PAUSE_SECONDS = 0.002
PREPARED_AT_ONCE = 200
"""A batch of more changes would hold up the loop: it is prepared in a thread."""
SLICE_ROWS = 2_000
SLICE_PAUSE_SECONDS = 0.02
STORES_AT_ONCE = 3
"""While one pauses the others go on; the database's one thread takes their slices in turn."""
FIRST_STORE_WAIT_SECONDS = 15.0

log = logging.getLogger(__name__)


def now_ms() -> int:
    """Our clock: UTC milliseconds."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Milliseconds by a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


class Worker:
    """All windows of this process."""

    def __init__(self, database: DatabaseThread, publisher: Publisher, book: Rulebook | None = None) -> None:
        self.host = socket.gethostname()[:60]
        self.owner = f"{self.host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.windows: dict[int, Window] = {}
        self._database = database
        self._publisher = publisher
        self._list_slots = asyncio.Semaphore(LISTS_AT_ONCE)
        self._packing = asyncio.Lock()
        self._first_stores = asyncio.Semaphore(STORES_AT_ONCE)
        self._background: set[asyncio.Task[None]] = set()
        self._book = book or shipped_rulebook()
        self._judge = Judge(
            self.windows,
            owner=self.owner,
            database=database,
            book=self._book,
            drop=self.drop,
            now_ms=now_ms,
            steady_ms=steady_ms,
        )

    async def run(self) -> None:
        """Write and renew until cancelled."""
        with suppress(DatabaseError):  # Then they run out by themselves.
            await self._database.run(leases.free_those_of_the_dead, self.host, leases.is_alive)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publisher.run())
            group.create_task(self._write_forever())
            group.create_task(self._judge.run())
            group.create_task(self._renew_forever())

    async def hold(self, cluster_id: int) -> bool:
        """Take a cluster for one more window, if nobody else has it. True where it is ours now."""
        reached("lease-wanted")
        held = await self._database.run(leases.take, cluster_id, self.owner, now_ms())
        if held is None:
            return False
        reached("lease-taken")
        window = self.windows.get(cluster_id)
        if window is None or window.identity.fence != held.fence:
            if window is not None:
                self.drop(cluster_id)
            loaded = await self._database.run(loading.load, held, now_ms())
            if loaded is None:
                return False
            reached("picture-loaded")
            window = self._open(loaded, await self._judge.terms_for(cluster_id))
        window.ends_at_ms = now_ms() + random.randint(*WINDOW_MS)
        return True

    def drop(self, cluster_id: int) -> None:
        """Stop reading a cluster."""
        window = self.windows.pop(cluster_id, None)
        if window is not None:
            window.stop()

    async def stop(self) -> None:
        """Write what is left and give all leases back."""
        for window in self.windows.values():
            window.hurry()
        await self._write()
        held = list(self.windows)
        for cluster_id in held:
            self.drop(cluster_id)
        await self._database.run(leases.release, self.owner, held)

    def _open(self, loaded: Loaded, terms: ClusterTerms) -> Window:
        window = Window(
            loaded.identity,
            number=loaded.number,
            health=loaded.health,
            is_stored=bool(loaded.versions),
            publish=self._publisher.publish,
            now_ms=now_ms,
        )
        window.alerting = Alerting(
            self._book.rules,
            terms,
            loaded.alerts,
            credential_expires_at_ms=loaded.credential_expires_at_ms,
        )
        mirror = Mirror(heed=window.heed)
        mirror.restore(loaded.resources)
        window.reading = ClusterReading(
            loaded.settings,
            kinds=all_kinds(),
            mirror=mirror,
            line=loaded.line,
            versions=loaded.versions,
            list_slots=self._list_slots,
            on_change=window.on_change,
            on_news=window.on_news,
            now_ms=now_ms,
            name=loaded.name,
        )
        self.windows[loaded.identity.cluster_id] = window
        window.task = asyncio.create_task(self._read(window))
        return window

    async def _read(self, window: Window) -> None:
        """One window's reading and its usage, until it is dropped.

        An error of ours in one cluster must not take the others along.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(window.reading.run())
                group.create_task(usage.follow(window, self._packing))
        except asyncio.CancelledError:
            raise
        except BaseException:  # The outermost frame of one cluster's reading.
            log.exception("reading cluster %d broke; it is taken up again", window.identity.cluster_id)
            if self.windows.get(window.identity.cluster_id) is window:
                del self.windows[window.identity.cluster_id]
                await self._database.run(leases.release, self.owner, [window.identity.cluster_id])

    async def _write_forever(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._write()
                self._start_first_stores()
            except DatabaseError as error:
                log.warning("the database does not take what was read (%s); it is kept", type(error).__name__)
            await asyncio.sleep(max(0.1, WRITE_SECONDS - (time.monotonic() - began)))

    async def _write(self) -> None:
        """Store what all windows have collected, in one transaction."""
        taken = await self._take_batches()
        if not taken:
            return
        rows = await self._prepare(taken)
        reached("batch-taken")
        try:
            refused = await self._database.run(pipeline.store_prepared, rows, self.owner)
        except DatabaseError:
            _put_back(taken)
            raise
        for cluster_id in refused:
            log.warning("cluster %d is read by another worker now", cluster_id)
            self.drop(cluster_id)

    async def _take_batches(self) -> list[tuple[Window, Batch]]:
        """What each window has to be stored, in slices: all together take longer than a change may wait."""
        taken: list[tuple[Window, Batch]] = []
        try:
            for place, window in enumerate(list(self.windows.values()), start=1):
                window.reading.turn(now_ms())
                if (batch := window.take_batch()) is not None:
                    taken.append((window, batch))
                if place % WINDOWS_A_SLICE == 0:
                    await asyncio.sleep(0)
        except asyncio.CancelledError:
            _put_back(taken)
            raise
        return taken

    async def _prepare(self, taken: Sequence[tuple[Window, Batch]]) -> list[Prepared]:
        """Rows are made here, a few batches a turn of the loop.

        In the database's thread that would take the interpreter away from the loop again and again.
        """
        rows: list[Prepared] = []
        try:
            for place, (_, batch) in enumerate(taken, start=1):
                if len(batch.changes) > PREPARED_AT_ONCE:
                    rows.append(await asyncio.to_thread(pipeline.prepare, batch))
                else:
                    rows.append(pipeline.prepare(batch))
                if place % BATCHES_A_SLICE == 0:
                    await asyncio.sleep(BATCH_PAUSE_SECONDS)
        except asyncio.CancelledError:
            _put_back(taken)
            raise
        return rows

    def _start_first_stores(self) -> None:
        """Begin to store whole pictures, a few clusters at a time, once the lists under way are through."""
        for window in list(self.windows.values()):
            wants = window.wants_first_store or window.wants_keyframe(now_ms())
            if wants and not window.is_storing:
                window.is_storing = True
                task = asyncio.create_task(self._store_whole(window))
                self._background.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("storing a whole picture broke", exc_info=error)

    async def _store_whole(self, window: Window) -> None:
        try:
            async with self._first_stores:
                await self._wait_for_lists()
                await self._store_picture(window)
        except DatabaseError as error:
            log.warning("a picture could not be stored (%s); it is tried again", type(error).__name__)
            window.is_stored = False
        finally:
            window.is_storing = False

    async def _wait_for_lists(self) -> None:
        """First pictures on pages before first pictures on disk: lists have the processor to themselves."""
        listing = [w.reading.whole.wait() for w in self.windows.values() if w.reading.well.is_set()]
        try:
            async with asyncio.timeout(FIRST_STORE_WAIT_SECONDS):
                await asyncio.gather(*listing)
        except TimeoutError:
            pass  # One slow cluster does not keep the others from the disk.

    async def _store_picture(self, window: Window) -> None:
        is_first = not window.is_stored
        window.is_storing = False
        before, keyframe = window.take_keyframe()
        window.is_storing = True
        identity = window.identity
        if is_first:
            await self._store_rows(window, keyframe.resources)
        elif before is not None:
            await self._database.run(pipeline.store, [before], self.owner)
        if not await self._database.run(pipeline.store_keyframe, keyframe, self.owner):
            self.drop(identity.cluster_id)
        elif is_first:
            window.announce_stored()

    async def _store_rows(self, window: Window, resources: Sequence[Resource]) -> None:
        run, identity = self._database.run, window.identity
        present = {(resource.kind, resource.uid) for resource in resources}
        states = window.reading.mirror.kinds
        listed = [kind for kind, state in states.items() if state.state == "live"]
        absent = await run(pipeline.absent_rows, identity.cluster_id, listed, present)
        for start in range(0, len(absent), SLICE_ROWS):
            keys = absent[start : start + SLICE_ROWS]
            await run(pipeline.forget, identity.cluster_id, identity.fence, self.owner, keys)
        for start in range(0, len(resources), SLICE_ROWS):
            part = resources[start : start + SLICE_ROWS]
            await run(pipeline.store_slice, identity.cluster_id, identity.fence, self.owner, part)
            await asyncio.sleep(SLICE_PAUSE_SECONDS)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._renew()
            except DatabaseError as error:
                log.warning("leases could not be renewed (%s)", type(error).__name__)

    async def _renew(self) -> None:
        live = [i for i, w in self.windows.items() if w.reading.well.is_set()]
        kept = await self._database.run(loading.renew, self.owner, list(self.windows), live, now_ms())
        for cluster_id, window in list(self.windows.items()):
            identity = window.identity
            if kept.get(cluster_id) != (identity.fence, identity.settings_version):
                await self._let_go(cluster_id, was_ours=cluster_id in kept)
            elif now_ms() > window.ends_at_ms:
                window.ends_at_ms = now_ms() + WINDOW_MS[0]
                await self._database.run(leases.hand_over, self.owner, cluster_id)

    async def _let_go(self, cluster_id: int, *, was_ours: bool) -> None:
        """Another worker has it, or its settings have changed: then it is taken up again at once."""
        self.drop(cluster_id)
        if was_ours:
            await self._database.run(leases.release, self.owner, [cluster_id])
            await self.hold(cluster_id)


def _put_back(taken: Sequence[tuple[Window, Batch]]) -> None:
    for window, batch in taken:
        window.put_back(batch)
