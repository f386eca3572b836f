"""One cluster held by this process: its reading, what has changed since the last frame and the last batch.

Frames for open pages leave at once for a first change and then at most every FRAME_MS, and after one that
carries many changes a little later: each costs us and every page, however little is in it. While the first
lists go on, frames are fewer and carry totals only: the rows come afterwards, whole.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from clusters.mirror.changes import Change, later_of
from clusters.mirror.reading import ClusterReading
from clusters.mirror.verdict import ClusterHealth, cluster_health
from clusters.points import reached
from clusters.state.picture import ClusterValues
from clusters.state.resource import NO_DATA, PENDING, Resource
from metrics.alerts.values import Seen
from metrics.live.frames import Frame, build_card_frame, build_frame
from metrics.pipeline import Batch, Keyframe, UsageRows
from metrics.reading.alerting import Alerting

FRAME_MS = 20
LONGEST_FRAME_MS = 80
FIRST_READ_FRAME_MS = 250
KEYFRAME_MS = 3_600_000
JOURNAL_LIMIT_CHANGES = 50_000
QUIET_STORE_MS = 120_000
WRITTEN_SOON_MS = 1_500
USAGE_WAITS_MS = 1_000
"""What is used is told and written this late, together with that of the clusters that were read with it."""
USAGE_LIMIT = 30
"""Readings of usage kept while the database takes none: ten minutes."""

Key = tuple[str, str]


@dataclass(frozen=True)
class Identity:
    """Which cluster, and under which fence it is held."""

    cluster_id: int
    uuid: str
    history: int
    fence: int
    settings_version: int


class Window:
    """Collects the changes of one cluster into frames and batches. Lives on the loop."""

    def __init__(
        self,
        identity: Identity,
        *,
        number: int,
        health: ClusterHealth | None,
        is_stored: bool,
        publish: Callable[[Frame], None],
        now_ms: Callable[[], int],
    ) -> None:
        self.identity = identity
        self.number = number
        self.is_stored = is_stored
        self.is_storing = False
        self.ends_at_ms = 0
        self.reading: ClusterReading
        self.alerting: Alerting
        self.task: asyncio.Task[None] | None = None
        self._publish = publish
        self._now_ms = now_ms
        self._health = health
        self._frame: dict[Key, Change] = {}
        self._batch: dict[Key, Change] = {}
        self._batch_from: tuple[int, int] | None = None
        self._has_news = True
        self._flush_handle: asyncio.Handle | None = None
        self._flushed_at_ms = 0
        self._pause_ms = FRAME_MS
        self._keyframe_at_ms = now_ms() if is_stored else 0
        self._stored_at_ms = 0
        self._usage: tuple[UsageRows, ...] = ()
        self._told: ClusterValues | None = None
        """What the last frame told, until something changes."""
        self._has_other_usage = False
        self._usage_due_ms: int | None = None
        """When what is used is told and written, if it waits."""

    def on_change(self, change: Change) -> None:
        """The mirror has changed."""
        if self.is_stored:
            key = (change.kind, change.uid)
            self._frame[key] = later_of(self._frame.get(key), change)
        self._told = None
        self._flush_soon()

    def on_news(self) -> None:
        """The line, the totals or how a kind goes has changed."""
        self.alerting.news += 1
        self._has_news = True
        self._told = None
        self._flush_soon()

    def heed(self, old: Resource | None, new: Resource | None) -> None:
        """One object in the mirror was like `old` and is like `new`."""
        self.alerting.replace(old, new, self._now_ms())

    def look(self, now_ms: int) -> Seen | None:
        """Which rules' conditions hold, for those who judge; None while nobody can say yet."""
        reading = self.reading
        return self.alerting.seen(
            now_ms, line=reading.line, mirror=reading.mirror, is_well=reading.well.is_set()
        )

    def on_usage(self) -> None:
        """What is used has changed: no step of the cluster. Its card is told with a batch."""
        self._has_other_usage = True
        self._told = None
        self._usage_is_due_soon()

    def keep_usage(self, rows: UsageRows) -> None:
        """Have one reading of usage written with a batch."""
        self._usage = (*self._usage[-(USAGE_LIMIT - 1) :], rows)
        self._usage_is_due_soon()

    def _usage_is_due_soon(self) -> None:
        if self._usage_due_ms is None:
            self._usage_due_ms = self._now_ms() + USAGE_WAITS_MS

    def hurry(self) -> None:
        """What is used is not to wait for others' any more."""
        if self._usage_due_ms is not None:
            self._usage_due_ms = 0

    def _flush_soon(self) -> None:
        if self._flush_handle is not None:
            return
        loop = asyncio.get_running_loop()
        pause_ms = self._pause_ms if self.is_stored else FIRST_READ_FRAME_MS
        wait_ms = self._flushed_at_ms + pause_ms - self._now_ms()
        if wait_ms <= 0:
            self._flush_handle = loop.call_soon(self.flush)
        else:
            self._flush_handle = loop.call_later(wait_ms / 1000, self.flush)

    def flush(self) -> None:
        """Send one frame of what has changed since the last."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        now_ms = self._flushed_at_ms = self._now_ms()
        self.number += 1
        values = self._told = self.values(now_ms)
        changes = list(self._frame.values())
        self._pause_ms = min(LONGEST_FRAME_MS, FRAME_MS + 2 * max(0, len(changes) - 1))
        self._count_into_batch(now_ms)
        for key, change in self._frame.items():
            self._batch[key] = later_of(self._batch.get(key), change)
        self._frame = {}
        self._has_news = True
        self._has_other_usage = False
        self._publish(build_frame(values, self.identity.cluster_id, changes, now_ms))
        reached("frame-made")

    def _tell_usage(self) -> None:
        """Send the card once more, at the same place."""
        self._has_other_usage = False
        now_ms = self._flushed_at_ms = self._now_ms()
        values = self._told = self.values(now_ms)
        self._publish(build_card_frame(values, self.identity.cluster_id, now_ms))

    def _count_into_batch(self, now_ms: int) -> None:
        """Have the journal tell of this number, even where no object changed: a number that is missing
        there is a gap. Before the first picture is stored it is one, and pages fetch the picture anew.
        """
        if self.is_stored and self._batch_from is None:
            self._batch_from = (self.number, now_ms)

    def values(self, now_ms: int) -> ClusterValues:
        """What the cluster's card shows now."""
        line = self.reading.line
        summary = self.reading.mirror.summary()
        health = self._health = cluster_health(line, summary, self._health, now_ms)
        return ClusterValues(
            uuid=self.identity.uuid,
            health=health.health,
            reason=health.reason,
            since_ms=health.since_ms,
            connection=line.state,
            connection_reason=line.reason,
            connection_message=line.message,
            connection_since_ms=line.since_ms,
            last_read_at_ms=line.last_read_at_ms,
            next_try_at_ms=line.next_try_at_ms,
            fence=self.identity.fence,
            number=self.number,
            taken_at_ms=now_ms,
            summary=summary,
        )

    def take_batch(self) -> Batch | None:
        """What has come since the last batch, or None where there is nothing to write."""
        if self.is_storing:
            return None
        if self._frame:
            self.flush()
        now_ms = self._now_ms()
        is_due = self.is_stored and now_ms - self._stored_at_ms > QUIET_STORE_MS
        has_usage = self._usage_due_ms is not None and now_ms >= self._usage_due_ms
        if not (self._has_news or self._batch or has_usage or is_due):
            return None
        if self._has_other_usage:
            self._tell_usage()
        versions = self.reading.versions() if self.is_stored else {}
        first_number, first_at_ms = self._batch_from or (0, 0)
        batch = Batch(
            cluster_id=self.identity.cluster_id,
            history=self.identity.history,
            values=self._stored_values(now_ms),
            versions=versions,
            changes=list(self._batch.values()),
            first_number=first_number,
            first_at_ms=first_at_ms,
            usage=self._usage,
        )
        self._batch, self._batch_from, self._has_news = {}, None, False
        self._usage, self._usage_due_ms = (), None
        self._stored_at_ms = now_ms
        return batch

    def put_back(self, batch: Batch) -> None:
        """A batch could not be written: keep it for the next, or, past a limit, start from the whole."""
        for change in batch.changes:
            key = (change.kind, change.uid)
            later = self._batch.get(key)
            self._batch[key] = change if later is None else later_of(change, later)
        self._batch_from = (batch.first_number, batch.first_at_ms) if batch.first_number else self._batch_from
        self._has_news = True
        self._usage = (*batch.usage, *self._usage)[-USAGE_LIMIT:]
        if len(self._batch) > JOURNAL_LIMIT_CHANGES:
            self._batch, self._batch_from = {}, None
            self.is_stored = False

    @property
    def wants_first_store(self) -> bool:
        """Whether the first picture is whole and not yet stored."""
        return not self.is_stored and self.reading.is_whole and self.reading.well.is_set()

    def wants_keyframe(self, now_ms: int) -> bool:
        """Whether an hour has gone since the last keyframe."""
        return self.is_stored and now_ms - self._keyframe_at_ms > KEYFRAME_MS and self.reading.is_live

    def take_keyframe(self) -> tuple[Batch | None, Keyframe]:
        """The whole picture at this moment, and the batch that has to be written before it."""
        self.is_stored = True
        before = self.take_batch()
        now_ms = self._keyframe_at_ms = self._now_ms()
        batch = Batch(
            self.identity.cluster_id, self.identity.history, self.values(now_ms), self.reading.versions()
        )
        return before, Keyframe(batch, list(self.reading.mirror.everything()))

    def announce_stored(self) -> None:
        """Tell open pages that lists can be read now."""
        self.number += 1
        self._told = None
        now_ms = self._now_ms()
        self._count_into_batch(now_ms)
        self._publish(build_frame(self.values(now_ms), self.identity.cluster_id, None, now_ms))

    def _stored_values(self, now_ms: int) -> ClusterValues:
        """What is true of the rows: until the first picture is stored, no number is."""
        values = self._told
        if values is None or now_ms - self._flushed_at_ms > WRITTEN_SOON_MS:
            values = self.values(now_ms)
        if self.is_stored or values.health == NO_DATA:
            return values if self.is_stored else msgspec.structs.replace(values, summary=None)
        return msgspec.structs.replace(
            values, summary=None, health=PENDING, reason="first_read", since_ms=values.connection_since_ms
        )

    def stop(self) -> None:
        """Stop reading; what was collected can still be taken."""
        if self._flush_handle is not None:
            self._flush_handle.cancel()
            self._flush_handle = None
        if self.task is not None:
            self.task.cancel()
