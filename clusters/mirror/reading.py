"""Reads one cluster for as long as it is held: all kinds side by side, and a small probe beside them.

The probe is what tells a frozen API server from a quiet one: behind open watches it looks healthy for
75 s. Only the probe asks a cluster that cannot be read; everybody else waits at the gate (`well`).
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import msgspec

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.http import Answer, Connection, raise_for_status
from clusters.connection.settings import ConnectionSettings
from clusters.kinds.kind import Kind
from clusters.mirror.backoff import Backoff
from clusters.mirror.beats import seconds_to_beat
from clusters.mirror.changes import Change
from clusters.mirror.following import SILENCE_SECONDS, Follower
from clusters.mirror.line import LIVE, Line
from clusters.mirror.mirror import Mirror
from clusters.mirror.rights import REVIEW, REVIEW_BODY, REVIEW_LIMIT_BYTES, Rights
from clusters.state.resource import Resource
from clusters.state.summary import KindState

SECOND_OPINION_SECONDS = 1.0
SKEW_SECONDS = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How often a cluster is probed and how long it has to answer; how long its watches are held.

    So often a probe of a cluster that is well asks what we may read in place of the version.
    """

    probe_seconds: float = 10.0
    deadline_seconds: float = 10.0
    review_seconds: float = 60.0
    watch_seconds: tuple[int, int] = (300, 600)


class _Version(msgspec.Struct):
    gitVersion: str


class _ListMeta(msgspec.Struct):
    resourceVersion: str = ""


class _Listed(msgspec.Struct):
    metadata: _ListMeta


class ClusterReading:
    """One cluster being read. `on_change` gets each change, `on_news` is called when the line's state moves.

    Both are called on the loop, between two events; they must not block.
    """

    def __init__(  # noqa: PLR0913
        self,
        settings: ConnectionSettings,
        *,
        kinds: Iterable[Kind],
        mirror: Mirror,
        line: Line,
        versions: dict[str, str],
        list_slots: asyncio.Semaphore,
        on_change: Callable[[Change], None],
        on_news: Callable[[], None],
        now_ms: Callable[[], int],
        name: str = "",
        pace: Pace = Pace(),
    ) -> None:
        self.connection = Connection(settings)
        self.name = name
        self._pace = pace
        self.watch_seconds = pace.watch_seconds
        self._answered_at = self._reviewed_at = float("-inf")
        self.mirror = mirror
        self.line = line
        self.well = asyncio.Event()
        self.whole = asyncio.Event()
        self.list_slots = list_slots
        self.now_ms = now_ms
        self._on_change = on_change
        self._on_news = on_news
        self._suspected = asyncio.Event()
        self._backoff = Backoff()
        self.followers = [Follower(kind, self, versions.get(kind.name, "")) for kind in kinds]
        self._rights = Rights(follower.kind for follower in self.followers)
        for follower in self.followers:
            resumed = KindState("live") if follower.version else KindState("syncing")
            mirror.kinds.setdefault(follower.kind.name, resumed)

    @property
    def is_whole(self) -> bool:
        """Whether each kind has been listed once, or refused."""
        return all(state.state != "syncing" for state in self.mirror.kinds.values())

    def versions(self) -> dict[str, str]:
        """Where each kind would go on from."""
        return {follower.kind.name: follower.version for follower in self.followers if follower.version}

    async def run(self) -> None:
        """Read until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for follower in self.followers:
                    group.create_task(follower.run())
                group.create_task(self._probe_forever())
        finally:
            await self.connection.close()

    def turn(self, now_ms: int) -> None:
        """Let time do what it does to verdicts; called every second or so."""
        for change in self.mirror.turn(now_ms):
            self._on_change(change)

    def took(self, resource: Resource) -> None:
        """A follower has an object from a list."""
        change = self.mirror.put(resource, self.now_ms())
        if change is not None:
            self._on_change(change)

    def heard(self, resource: Resource) -> None:
        """A follower has an object from a watch."""
        change = self.mirror.put_newer(resource, self.now_ms())
        if change is not None:
            self._on_change(change)

    def lost(self, kind: str, uid: str) -> None:
        """A follower has heard that an object is gone."""
        change = self.mirror.remove(kind, uid)
        if change is not None:
            self._on_change(change)

    def listed(self, kind: str, present: set[str]) -> None:
        """A follower has a whole list: what is not in it is gone."""
        for change in self.mirror.remove_absent(kind, present):
            self._on_change(change)

    def kind_is(self, kind: str, state: KindState) -> None:
        """A follower says how its kind goes."""
        old = self.mirror.kinds.get(kind)
        if old is not None and (old.state, old.reason, old.skipped) == (
            state.state,
            state.reason,
            state.skipped,
        ):
            return
        self.mirror.kinds[kind] = msgspec.structs.replace(state, since_ms=self.now_ms())
        if self.well.is_set():
            self._settle_line()
        self._on_news()

    def suspect(self, error: ClusterError) -> None:
        """A follower met trouble that may be the whole cluster's: probe now."""
        del error
        self._suspected.set()

    async def _probe_forever(self) -> None:
        while True:
            try:
                await self._probe_twice()
            except ClusterError as error:
                await asyncio.sleep(self._cannot_read(error))
                continue
            self._can_read()
            await self._wait_for_next_probe()

    def answered(self) -> None:
        """Another request was answered: the next probe can wait."""
        self._answered_at = time.monotonic()
        self.line.last_read_at_ms = self.now_ms()

    async def _wait_for_next_probe(self) -> None:
        """Until the cluster is suspected, or has answered nothing for long enough.

        What a watch tells does not put it off: a server may tell and answer no request.
        """
        self.answered()
        now, pace_seconds = self._answered_at, self._pace.probe_seconds
        due_at = now + pace_seconds
        while (wait_seconds := due_at - now) > pace_seconds / 10:
            is_suspected = await self._is_suspected_within(seconds_to_beat(now, wait_seconds))
            now = time.monotonic()
            if now - min(follower.heard_at for follower in self.followers) > SILENCE_SECONDS:
                for follower in self.followers:
                    follower.end_if_silent(now)
            if is_suspected:
                return
            due_at = self._answered_at + pace_seconds

    async def _is_suspected_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._suspected.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(0.1)  # Let all streams that broke together break first.
        return True

    async def _probe_twice(self) -> None:
        """One probe; while the cluster was well a quick failure gets a second opinion first."""
        was_suspected = self._suspected.is_set()
        self._suspected.clear()
        try:
            await self._probe(was_suspected=was_suspected)
        except ClusterError as error:
            for follower in self.followers:
                follower.doubt()
            if not self.well.is_set() or error.reason in (Reason.TIMEOUT, Reason.AUTH_401):
                raise
            await asyncio.sleep(SECOND_OPINION_SECONDS)
            await self._probe(was_suspected=True)

    async def _probe(self, *, was_suspected: bool) -> None:
        if not was_suspected and self._is_review_due() and await self._review():
            return
        answer = await self.connection.get(
            "/version", deadline_seconds=self._pace.deadline_seconds, limit_bytes=65536
        )
        raise_for_status(answer)
        try:
            version = msgspec.json.decode(answer.body, type=_Version).gitVersion
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ClusterError(
                Reason.NOT_KUBERNETES,
                "This is not a Kubernetes API (it tells no version).",
                "Check the address.",
            ) from error
        self._note_skew(answer)
        if version != self.mirror.version:
            self.mirror.version = version[:64]
            self._on_news()
        if (not self.well.is_set() or was_suspected) and any(one.version for one in self.followers):
            await self._check_history()

    def _is_review_due(self) -> bool:
        return self.well.is_set() and time.monotonic() - self._reviewed_at >= self._pace.review_seconds

    async def _review(self) -> bool:
        """Ask what we may read and look again at what was taken away; False where there is no review."""
        self._reviewed_at = time.monotonic()
        try:
            answer = await self.connection.post(
                REVIEW,
                REVIEW_BODY,
                deadline_seconds=self._pace.deadline_seconds,
                limit_bytes=REVIEW_LIMIT_BYTES,
            )
        except ClusterError as error:
            if error.reason is Reason.TOO_LARGE:
                return False
            raise
        if answer.status != 201:
            return False
        self._note_skew(answer)
        taken_away = self._rights.taken_away(answer.body)
        for follower in self.followers:
            if follower.kind.name in taken_away:
                follower.look_again()
        return True

    async def _check_history(self) -> None:
        """After an outage: a server whose newest version is older than ours was put back in time."""
        answer = await self.connection.get("/api/v1/namespaces?limit=1", limit_bytes=4 << 20)
        if answer.status != 200:
            return
        try:
            newest = int(msgspec.json.decode(answer.body, type=_Listed).metadata.resourceVersion)
            ours = max(int(follower.version or 0) for follower in self.followers)
        except (ValueError, msgspec.DecodeError):
            return  # Versions are opaque; where they are no numbers, 410 has to tell.
        if newest < ours:
            log.warning("%s: the API server has gone back in time; listing anew", self.name)
            for follower in self.followers:
                follower.start_anew()

    def _note_skew(self, answer: Answer) -> None:
        theirs = _timestamp(answer.headers.get("date", ""))
        if theirs is None:
            return
        skew = theirs - self.now_ms() / 1000
        self.mirror.clock_skew_seconds = round(skew) if abs(skew) > SKEW_SECONDS else None

    def _can_read(self) -> None:
        self._backoff.reset()
        self.well.set()
        if self._settle_line():
            self._on_news()

    def _settle_line(self) -> bool:
        if self.is_whole:
            self.whole.set()
        return self.line.read(self.now_ms(), states=[state.state for state in self.mirror.kinds.values()])

    def _cannot_read(self, error: ClusterError) -> float:
        """Close the gate, say so, and return the seconds until the next try."""
        self.well.clear()
        wait = self._backoff.failed(time.monotonic(), at_least_seconds=error.retry_after_seconds)
        now_ms = self.now_ms()
        if self.line.failed(now_ms, str(error.reason), str(error), now_ms + int(wait * 1000)):
            log.warning("%s: cannot be read: %s", self.name, error)
        self._on_news()
        return wait

    @property
    def is_live(self) -> bool:
        """Whether what the mirror holds is what the cluster is."""
        return self.line.state == LIVE


@functools.lru_cache(maxsize=64)  # Servers whose clocks agree say the same for a second.
def _timestamp(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
