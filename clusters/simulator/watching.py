"""Watches: from a version on, each change at once, with bookmarks in between."""

import asyncio
import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol

import msgspec

from clusters.simulator import statuses
from clusters.simulator.events import as_new_event
from clusters.simulator.listing import Selection, whole_number
from clusters.simulator.served import EVENTS, NEW_EVENTS, ResourceType
from clusters.simulator.store import Event, Expired, Store, Stored
from clusters.simulator.wire import Stream

BOOKMARK_SECONDS = 60.0
LAST_BOOKMARK_SECONDS = 2.0
DEFAULT_WATCH_SECONDS = 1800
EMPTY_PARTS = {"Pod": ',"spec":{"containers":null},"status":{}', "Event": ""}


class _Cancellable(Protocol):
    def cancel(self) -> None: ...


class Watch:
    """One open watch. Writes to its stream as things happen, until somebody ends it."""

    def __init__(
        self,
        store: Store,
        selection: Selection,
        query: dict[str, str],
        bookmark_seconds: float = BOOKMARK_SECONDS,
    ) -> None:
        self._store = store
        self._selection = selection
        self._query = query
        self._wants_bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
        self._bookmark_seconds = bookmark_seconds
        self._head = _object_head(selection.served)
        self._stream: Stream | None = None
        self._after = 0
        self.sends_events = True
        self.sends_bookmarks = True

    async def run(self, stream: Stream) -> None:
        """Serve the watch until it is over."""
        self._stream = stream
        try:
            self._begin()
        except statuses.Refused as refused:
            stream.send(error_event(refused.body))
            return
        storage = self._selection.served.storage
        self._store.listen(storage, self._offer)
        timers = self._timers(stream)
        try:
            await stream.ended
        finally:
            self._store.unlisten(storage, self._offer)
            for timer in timers:
                timer.cancel()

    def _begin(self) -> None:
        """Send what comes before the first change: the present state, or the changes since a version."""
        asked = whole_number(self._query, "resourceVersion")
        self._after = self._store.revision
        if self._query.get("sendInitialEvents") == "true":
            self._send_present()
            self.bookmark(annotation=',"annotations":{"k8s.io/initial-events-end":"true"}')
        elif asked == 0:
            self._send_present()
        else:
            self._send_since(asked)

    def _send_present(self) -> None:
        for stored in self._store.listed(self._selection.served.storage):
            if self._selection.takes(stored):
                self._send("ADDED", stored)

    def _send_since(self, asked: int) -> None:
        # A version of the future is waited for in silence, as the real one's cache does.
        self._after = asked
        try:
            missed = self._store.since(self._selection.served.storage, asked)
        except Expired as problem:
            message = f"too old resource version: {asked} ({self._store.oldest})"
            raise statuses.expired(message) from problem
        for event in missed:
            self._offer(event)

    def _timers(self, stream: Stream) -> list[_Cancellable]:
        loop = asyncio.get_running_loop()
        limit_seconds = whole_number(self._query, "timeoutSeconds") or DEFAULT_WATCH_SECONDS
        timers: list[_Cancellable] = [loop.call_later(limit_seconds, stream.end)]
        if self._wants_bookmarks:
            ticking = _Ticking(self.bookmark, self._bookmark_seconds)
            timers.append(ticking)
            if limit_seconds > LAST_BOOKMARK_SECONDS:
                timers.append(loop.call_later(limit_seconds - LAST_BOOKMARK_SECONDS, self.bookmark))
        return timers

    def bookmark(self, annotation: str = "") -> None:
        """Say how far we are, though nothing happened."""
        revision = max(self._store.revision, self._after)
        if self._stream is not None and self.sends_bookmarks:
            served = self._selection.served
            self._stream.send(bookmark_event(served, revision, annotation))

    def present(self, count: int) -> Iterator[bytes]:
        """MODIFIED events of the first objects there are, as they are."""
        fitting = filter(self._selection.takes, self._store.listed(self._selection.served.storage))
        for stored in islice(fitting, count):
            yield self._line("MODIFIED", stored)

    def newest_first(self, count: int) -> list[bytes]:
        """The same with the highest versions before the lower ones."""
        fitting = filter(self._selection.takes, self._store.listed(self._selection.served.storage))
        ordered = sorted(fitting, key=lambda stored: stored.revision, reverse=True)
        return [self._line("MODIFIED", stored) for stored in ordered[:count]]

    def _offer(self, event: Event) -> None:
        """Called by the store for each change of this kind."""
        if event.revision <= self._after:
            return
        selection = self._selection
        was = event.before is not None and selection.takes(event.before)
        is_now = event.what != "DELETED" and selection.takes(event.now)
        if is_now:
            self._send("MODIFIED" if was else "ADDED", event.now)
        elif was and event.before is not None:
            # What leaves a selector is told as deleted: the old object at the new version.
            self._send("DELETED", event.before.at(event.revision))

    def _send(self, what: str, stored: Stored) -> None:
        if self._stream is not None and self.sends_events:
            self._stream.send(self._line(what, stored))

    def _line(self, what: str, stored: Stored) -> bytes:
        if self._selection.served is NEW_EVENTS:
            stored = as_new_event(stored)
        return b'{"type":"%b","object":%b%b}\n' % (what.encode(), self._head, stored.body()[1:])


class _Ticking:
    """Calls something again and again, each time a little differently late, until cancelled."""

    def __init__(self, call: Callable[[], None], every_seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._call = call
        self._every_seconds = every_seconds
        self._timer = self._later()

    def _later(self) -> asyncio.TimerHandle:
        return self._loop.call_later(self._every_seconds * random.uniform(0.9, 1.1), self._tick)

    def _tick(self) -> None:
        self._timer = self._later()
        self._call()

    def cancel(self) -> None:
        """Stop."""
        self._timer.cancel()


def error_event(body: dict[str, Any]) -> bytes:
    """An ERROR event, as a watch that cannot go on ends with."""
    return b'{"type":"ERROR","object":%b}\n' % msgspec.json.encode(body)


def bookmark_event(served: ResourceType, revision: int, annotation: str = "") -> bytes:
    """A BOOKMARK event: an empty object of the kind that carries only a version."""
    rest = EMPTY_PARTS.get(served.kind, ',"spec":{},"status":{}')
    if served in (EVENTS, NEW_EVENTS):
        rest = ',"involvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,"eventTime":null'
        rest += ',"reportingComponent":"","reportingInstance":""'
    text = (
        f'{{"type":"BOOKMARK","object":{{"kind":"{served.kind}","apiVersion":"{served.api_version}",'
        f'"metadata":{{"resourceVersion":"{revision}"{annotation}}}{rest}}}}}\n'
    )
    return text.encode()


def _object_head(served: ResourceType) -> bytes:
    return f'{{"kind":"{served.kind}","apiVersion":"{served.api_version}",'.encode()
