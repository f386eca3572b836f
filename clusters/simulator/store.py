"""What one simulated cluster holds: objects as encoded bytes, one rising version, a bounded history.

Objects are kept as pieces of bytes that are joined when they are sent. Pieces may be shared: 420,000
pods of 8 KB made from a few hundred templates cost about 1 KB each.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from clusters.simulator.served import STORED

HISTORY_EVENTS = 10_000
_VERSION_MARK = "\u0001version\u0001"
_VERSION_MARK_BYTES = b'"\\u0001version\\u0001"'


class Stored:
    """One version of one object. `pieces[version_at]` is its resourceVersion, quotes and all."""

    __slots__ = ("key", "kind", "labels", "pieces", "revision", "version_at")

    def __init__(
        self,
        key: str,
        labels: Mapping[str, str],
        *,
        kind: str,
        pieces: tuple[bytes, ...],
        version_at: int = 1,
        revision: int = 0,
    ) -> None:
        self.key = key
        self.labels = labels
        self.kind = kind
        self.pieces = pieces
        self.version_at = version_at
        self.revision = revision

    def body(self) -> bytes:
        """The object as JSON, without kind and apiVersion, as it stands in a list."""
        return b"".join(self.pieces)

    @property
    def fields(self) -> dict[str, str]:
        """What a fieldSelector can ask for. Decoded when asked: few ever ask, and there are many objects."""
        return selectable_fields(self.kind, msgspec.json.decode(self.body()))

    def at(self, revision: int) -> "Stored":
        """The same object with another resourceVersion."""
        pieces = list(self.pieces)
        pieces[self.version_at] = b'"%d"' % revision
        return Stored(
            self.key,
            self.labels,
            kind=self.kind,
            pieces=tuple(pieces),
            version_at=self.version_at,
            revision=revision,
        )


class Event(NamedTuple):
    """One change. `before` is None for ADDED; `now` is, for DELETED, the last state at the new version."""

    revision: int
    storage: str
    what: str
    before: Stored | None
    now: Stored


Listener = Callable[[Event], None]


class Expired(Exception):
    """The history does not reach back that far."""


class Store:
    """All objects of one cluster."""

    def __init__(self, first_revision: int = 1, history_events: int = HISTORY_EVENTS) -> None:
        self.revision = first_revision
        self.oldest = first_revision
        self._objects: dict[str, dict[str, Stored]] = {served.storage: {} for served in STORED}
        self._keys: dict[str, list[str]] = {served.storage: [] for served in STORED}
        self._history: deque[Event] = deque()
        self._history_events = history_events
        self._listeners: dict[str, dict[Listener, None]] = {served.storage: {} for served in STORED}

    def get(self, storage: str, key: str) -> Stored | None:
        """The object with that key, or None."""
        return self._objects[storage].get(key)

    def count(self, storage: str) -> int:
        """How many objects of a kind there are."""
        return len(self._keys[storage])

    def put(self, storage: str, stored: Stored) -> Event:
        """Create or change an object: one new version, one event."""
        before = self._objects[storage].get(stored.key)
        self.revision += 1
        now = stored.at(self.revision)
        self._objects[storage][now.key] = now
        if before is None:
            insort(self._keys[storage], now.key)
        return self._tell(Event(self.revision, storage, "MODIFIED" if before else "ADDED", before, now))

    def fill(self, storage: str, objects: list[Stored]) -> None:
        """Put many new objects at once before anybody watches; no events, no history."""
        for stored in objects:
            self.revision += 1
            self._objects[storage][stored.key] = stored.at(self.revision)
        self._keys[storage] = sorted(self._objects[storage])
        self.oldest = self.revision

    def delete(self, storage: str, key: str) -> Event | None:
        """Remove an object, if it is there."""
        before = self._objects[storage].pop(key, None)
        if before is None:
            return None
        del self._keys[storage][bisect_left(self._keys[storage], key)]
        self.revision += 1
        return self._tell(Event(self.revision, storage, "DELETED", before, before.at(self.revision)))

    def clear(self) -> None:
        """Forget everything without telling anybody: what a restore of another state begins with."""
        for storage, objects in self._objects.items():
            objects.clear()
            self._keys[storage].clear()
        self.forget_history()

    def forget_history(self) -> None:
        """Compact now: versions older than this moment are gone."""
        self._history.clear()
        self.oldest = self.revision

    def listen(self, storage: str, listener: Listener) -> None:
        """Have a listener called with each event of a kind."""
        self._listeners[storage][listener] = None

    def unlisten(self, storage: str, listener: Listener) -> None:
        """Stop calling a listener."""
        self._listeners[storage].pop(listener, None)

    def since(self, storage: str, revision: int) -> list[Event]:
        """What happened to a kind after a version. Raises Expired where that is no longer known."""
        if revision < self.oldest:
            raise Expired
        newest_first: list[Event] = []
        for event in reversed(self._history):
            if event.revision <= revision:
                break
            if event.storage == storage:
                newest_first.append(event)
        return newest_first[::-1]

    def listed(self, storage: str, start: str = "") -> Iterator[Stored]:
        """The objects of a kind as they are now, in key order, from a key on."""
        keys, objects = self._keys[storage], self._objects[storage]
        for index in range(bisect_left(keys, start), len(keys)):
            yield objects[keys[index]]

    def listed_at(self, storage: str, revision: int, start: str = "") -> Iterator[Stored]:
        """The same as they were at a version. Raises Expired where that is no longer known."""
        later = self.since(storage, revision)
        if not later:
            return self.listed(storage, start)
        past = dict(self._objects[storage])
        for event in reversed(later):
            if event.before is None:
                past.pop(event.now.key, None)
            else:
                past[event.before.key] = event.before
        return (past[key] for key in sorted(past) if key >= start)

    def _tell(self, event: Event) -> Event:
        self._history.append(event)
        if len(self._history) > self._history_events:
            self.oldest = self._history.popleft().revision
        for listener in tuple(self._listeners[event.storage]):
            listener(event)
        return event


def encode(kind: str, body: dict[str, Any]) -> Stored:
    """An object made of dicts, ready to be stored. Its resourceVersion is set by the store."""
    metadata = body["metadata"]
    metadata["resourceVersion"] = _VERSION_MARK
    head, tail = msgspec.json.encode(body).split(_VERSION_MARK_BYTES)
    return Stored(
        object_key(metadata),
        dict(metadata.get("labels") or {}),
        kind=kind,
        pieces=(head, b'"0"', tail),
    )


def object_key(metadata: Mapping[str, Any]) -> str:
    """`namespace/name`, or `name` for what has no namespace."""
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


SELECTABLE: dict[str, frozenset[str]] = {
    "Pod": frozenset(
        {
            "metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy",
            "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
            "status.podIP", "status.nominatedNodeName",
        }
    ),
    "Event": frozenset(
        {
            "metadata.name", "metadata.namespace", "involvedObject.kind", "involvedObject.namespace",
            "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "type", "source",
            "reportingComponent",
        }
    ),
    "Node": frozenset({"metadata.name", "spec.unschedulable"}),
    "Namespace": frozenset({"metadata.name", "status.phase"}),
    "ReplicaSet": frozenset({"metadata.name", "metadata.namespace", "status.replicas"}),
    "Job": frozenset({"metadata.name", "metadata.namespace", "status.successful"}),
}  # fmt: skip
PLAIN_FIELDS = frozenset({"metadata.name", "metadata.namespace"})


def selectable_fields(kind: str, body: Mapping[str, Any]) -> dict[str, str]:
    """The values a fieldSelector can ask for."""
    found: dict[str, str] = {}
    for path in SELECTABLE.get(kind, PLAIN_FIELDS):
        value: Any = body
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None and not isinstance(value, Mapping):
            found[path] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
