"""Follows one kind of one cluster: list once, then watch from there, for as long as it is asked to.

The rules are client-go's reflector's: pages of 500, bookmarks, a new watch every 5 to 10 minutes, a
list anew after 410, doubling waits after failures. A stream in which nothing valid arrives for 75 s is
dead, whatever bytes come (an API server sends a bookmark every minute and keeps changes for 75 s).
"""

import asyncio
import logging
import random
import time
from typing import Protocol
from urllib.parse import quote

from clusters.connection.errors import ClusterError, ExpiredVersion, Reason
from clusters.connection.http import Connection, Stream, raise_for_status
from clusters.kinds import wire
from clusters.kinds.kind import Kind
from clusters.mirror.backoff import Backoff
from clusters.mirror.mirror import is_older
from clusters.points import reached
from clusters.state.resource import Resource
from clusters.state.summary import KindState

PAGE_SIZE = 500
PAGE_SECONDS = 15.0
LIST_SECONDS = 120.0
LIST_LIMIT_OBJECTS = 200_000
LIST_LIMIT_BYTES = 512 << 20
LINE_LIMIT_BYTES = 2 << 20
SILENCE_SECONDS = 75.0
SHORTEST_WATCH_SECONDS = 1.0

log = logging.getLogger(__name__)

CLUSTER_WIDE = frozenset(
    {
        Reason.DNS, Reason.REFUSED, Reason.TIMEOUT, Reason.TLS_EXPIRED, Reason.TLS_UNTRUSTED,
        Reason.AUTH_401, Reason.BLOCKED_ADDRESS, Reason.CREDENTIAL, Reason.PROTOCOL,
    }
)  # fmt: skip
"""Reasons that make the whole cluster suspect, not only this kind."""

CLUSTER_AWAY = CLUSTER_WIDE - {Reason.PROTOCOL}
"""Nobody answered. A stream that is merely cut, as load balancers do, is none of these."""


class Host(Protocol):
    """What a follower needs of the reading it belongs to."""

    name: str
    connection: Connection
    well: asyncio.Event
    list_slots: asyncio.Semaphore
    watch_seconds: tuple[int, int]

    def now_ms(self) -> int: ...
    def took(self, resource: Resource) -> None: ...
    def heard(self, resource: Resource) -> None: ...
    def lost(self, kind: str, uid: str) -> None: ...
    def listed(self, kind: str, present: set[str]) -> None: ...
    def kind_is(self, kind: str, state: KindState) -> None: ...
    def suspect(self, error: ClusterError) -> None: ...


class Follower:
    """One kind of one cluster. `version` is where to go on from; empty: list first."""

    def __init__(self, kind: Kind, host: Host, version: str = "") -> None:
        self.kind = kind
        self.version = version
        self.heard_at = time.monotonic()
        """When a watch last told anything valid."""
        self._host = host
        self._backoff = Backoff()
        self._stream: Stream | None = None
        self._partial = b""
        self._events = 0
        self._has_listed = bool(version)
        self._skipped: dict[str, None] = {}
        self._is_ended_by_us = False
        self._said: Reason | None = None
        self._is_in_doubt = False

    async def run(self) -> None:
        """Follow until cancelled. Never raises for anything the cluster does."""
        try:
            while True:
                await self._host.well.wait()
                await self._turn()
        finally:
            self.close()

    def close(self) -> None:
        """End the stream under way."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def end_if_silent(self, now: float) -> None:
        """End a stream that has said nothing valid for too long; called every few seconds."""
        if self._stream is not None and now - self.heard_at > SILENCE_SECONDS:
            self._stream.close(
                ClusterError(
                    Reason.TIMEOUT,
                    f"The watch of {self.kind.plural} has been silent for {SILENCE_SECONDS:.0f} s.",
                    "It is opened again by itself.",
                )
            )

    def start_anew(self) -> None:
        """Forget where we were: what the server keeps no longer follows from it."""
        self.version = ""
        self._is_ended_by_us = True
        self.close()

    def look_again(self) -> None:
        """Open the watch anew from where it is: the server may no longer grant it."""
        if self._stream is not None:
            self._is_ended_by_us = True
            self.close()

    def doubt(self) -> None:
        """The cluster was away: unless this very stream goes on afterwards, list anew.

        A server put back to an older state soon counts past our version again, and would go on from it
        as if nothing had been: comparing versions cannot tell.
        """
        self._is_in_doubt = True

    async def _turn(self) -> None:
        """One list where it is needed, then one watch to its end."""
        if self._is_in_doubt:
            self.version = ""
        try:
            if not self.version:
                async with self._host.list_slots, asyncio.timeout(LIST_SECONDS):
                    await self._list()
            await self._watch()
        except ExpiredVersion as error:
            await self._expired(error)
        except TimeoutError:
            await self._failed(_list_too_slow(self.kind.plural))
        except ClusterError as error:
            if not self._is_ended_by_us:
                await self._failed(error)
            self._is_ended_by_us = False

    async def _list(self) -> None:
        present: set[str] = set()
        received_bytes = 0
        token = ""
        while True:
            more = f"&continue={quote(token, safe='')}" if token else ""
            answer = await self._host.connection.get(
                f"{self.kind.path}?limit={PAGE_SIZE}{more}", deadline_seconds=PAGE_SECONDS
            )
            raise_for_status(answer)
            page = wire.decode_page(self.kind, answer.body)
            received_bytes += len(answer.body)
            self._take_page(page, present)
            if len(present) > LIST_LIMIT_OBJECTS or received_bytes > LIST_LIMIT_BYTES:
                raise _list_too_large(self.kind.plural)
            token = page.continue_token
            if not token:
                break
            await asyncio.sleep(0)
        self._is_in_doubt = False
        self._host.listed(self.kind.name, present)
        self.version = page.resource_version
        self._has_listed = True
        self._is_live()

    def _take_page(self, page: wire.Page, present: set[str]) -> None:
        now_ms = self._host.now_ms()
        for key in page.skipped:
            self._skip(key)
        for item in page.objects:
            resource = self._read(item, now_ms)
            if resource is not None:
                present.add(resource.uid)
                self._host.took(resource)

    def _read(self, item: object, now_ms: int) -> Resource | None:
        try:
            return self.kind.read(item, now_ms)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            log.debug("%s: an object cannot be understood: %r", self.kind.name, error)
            metadata = getattr(item, "metadata", None)
            self._skip(f"{getattr(metadata, 'namespace', '')}/{getattr(metadata, 'name', '?')}")
            return None

    def _forget_skipped(self) -> None:
        """What was left out may be whole again: list anew rather than miss it until it changes."""
        if self._skipped:
            self._skipped = {}
            self.version = ""

    def _skip(self, key: str) -> None:
        if len(self._skipped) < 1000:
            self._skipped[key] = None

    async def _watch(self) -> None:
        seconds = random.randint(*self._host.watch_seconds)
        target = (
            f"{self.kind.path}?watch=true&allowWatchBookmarks=true"
            f"&resourceVersion={quote(self.version, safe='')}&timeoutSeconds={seconds}"
        )
        self._partial, self._events = b"", 0
        began = self.heard_at = time.monotonic()
        stream = await self._host.connection.open_stream(target, self._receive)
        self._stream = stream
        try:
            if stream.answer.status == 200 and "json" not in stream.answer.headers.get("content-type", ""):
                stream.close()
            raise_for_status(stream.answer)
            reached("watch-opened")
            self._is_live()
            await stream.ended()
        finally:
            stream.close()
            self._stream = None
            self._forget_skipped()
        lasted = time.monotonic() - began
        if lasted < SHORTEST_WATCH_SECONDS and not self._events:
            raise ClusterError(
                Reason.PROTOCOL, f"The watch of {self.kind.plural} ends as soon as it is opened.", ""
            )
        await asyncio.sleep(max(0.0, SHORTEST_WATCH_SECONDS - lasted))

    def _receive(self, data: bytes) -> None:
        """One piece of the stream: apply every whole line of it, at once."""
        known_bytes = len(self._partial)
        whole = self._partial + data if known_bytes else data
        start, end = 0, whole.find(b"\n", known_bytes)
        while end >= 0:
            if end > start:
                self._take_event(whole[start:end])
            start = end + 1
            end = whole.find(b"\n", start)
        self._partial = whole[start:] if start else whole
        if len(self._partial) > LINE_LIMIT_BYTES:
            raise ClusterError(Reason.TOO_LARGE, "One event of the watch is larger than 2 MiB.", "")

    def _take_event(self, line: bytes) -> None:
        reached("event-received")
        event = wire.decode_event(self.kind, line)
        if event.type == wire.ERROR:
            raise ExpiredVersion() if event.code == 410 else _watch_error(self.kind.plural, event.code or 0)
        self.heard_at = time.monotonic()
        self._events += 1
        if self._host.well.is_set():
            self._is_in_doubt = False
        if event.type != wire.BOOKMARK:
            self._apply(event)
            reached("event-applied")
        if event.version and not is_older(event.version, self.version):
            self.version = event.version

    def _apply(self, event: wire.WatchEvent) -> None:
        if event.object is None:
            self._skip_event(event)
        elif event.type == "DELETED":
            self._host.lost(self.kind.name, event.object.metadata.uid)
        elif (resource := self._read(event.object, self._host.now_ms())) is not None:
            self._host.heard(resource)

    def _skip_event(self, event: wire.WatchEvent) -> None:
        """An object that cannot be understood: gone if it says so, else left out and named."""
        if event.type == wire.DELETED and event.uid:
            self._host.lost(self.kind.name, event.uid)
        else:
            self._skip(event.skipped_key)
            self._is_live()

    def _is_live(self) -> None:
        self._said = None
        key = next(iter(self._skipped), "")
        self._host.kind_is(self.kind.name, KindState("live", skipped=len(self._skipped), skipped_key=key))

    async def _expired(self, error: ExpiredVersion) -> None:
        """410: list anew, at once the first time, then ever more slowly."""
        self.version = ""
        wait = self._backoff.failed(time.monotonic())
        if wait > 2:
            self._stalled(error)
            await asyncio.sleep(wait)

    async def _failed(self, error: ClusterError) -> None:
        if error.reason != self._said:  # Once, not at every try.
            log.info("%s: %s: %s", self._host.name, self.kind.plural, error)
        self._said = error.reason
        self._stalled(error)
        wait = self._backoff.failed(time.monotonic(), at_least_seconds=error.retry_after_seconds or 1.0)
        if error.reason in CLUSTER_WIDE:
            self._host.suspect(error)
        if error.reason in CLUSTER_AWAY:
            self.doubt()
        await asyncio.sleep(wait)

    def _stalled(self, error: ClusterError) -> None:
        refused = error.reason is Reason.FORBIDDEN_403
        state = "refused" if refused else "stale" if self._has_listed else "unread"
        self._host.kind_is(self.kind.name, KindState(state, reason=str(error.reason)))


def _watch_error(plural: str, code: int) -> ClusterError:
    reason = Reason.SERVER_5XX if code >= 500 else Reason.PROTOCOL
    return ClusterError(reason, f"The watch of {plural} ended with an error ({code}).", "")


def _list_too_large(plural: str) -> ClusterError:
    return ClusterError(
        Reason.TOO_LARGE,
        f"There are more than {LIST_LIMIT_OBJECTS:,} {plural}, or more than 512 MiB of them.",
        "This kind is not shown for this cluster.",
    )


def _list_too_slow(plural: str) -> ClusterError:
    return ClusterError(
        Reason.TIMEOUT, f"The list of {plural} was not whole within {LIST_SECONDS:.0f} s.", ""
    )
