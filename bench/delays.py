"""From the moment a change was sent to the moment a page was told: which arrival is of which change. Pure.

A page is told of a place of a cluster (`uuid`, number). Which changes a place holds, the frames say that
the worker published: they carry each pod's count of restarts, and each change is one restart more.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_ID = re.compile(rb'"id":"([0-9a-f-]{36})"')
_PLACE = re.compile(rb'"place":"\d+\.(\d+)"')


@dataclass(frozen=True)
class Told:
    """At some moment a page learnt that a cluster had got to this number."""

    at_ms: float
    uuid: str
    number: int


@dataclass(frozen=True)
class Change:
    """One change that was sent: the pod's restarts after it tell it from the others of the same pod."""

    sent_at_ms: float
    uuid: str
    pod: str
    restarts: int


@dataclass
class Places:
    """In which number of its cluster each change was published."""

    _numbers: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def publish(self, uuid: str, number: int, changes: Iterable[dict[str, object]]) -> None:
        """Note the pods in one frame; frames come in order."""
        for change in changes:
            resource = change.get("resource")
            if isinstance(resource, dict) and resource["kind"] == "Pod":
                pod = f"{resource['namespace']}/{resource['name']}"
                self._numbers[uuid, pod].append((resource["restarts"], number))

    def number_of(self, change: Change) -> int | None:
        """The first number that holds a change; None where none does."""
        published = self._numbers.get((change.uuid, change.pod), [])
        at = bisect_left(published, (change.restarts, -1))
        return published[at][1] if at < len(published) else None


def told_by(at_ms: float, text: bytes) -> list[Told]:
    """What one message of either socket tells: the place of each card in it."""
    ids, places = _ID.findall(text), _PLACE.findall(text)
    if not ids or len(places) not in (len(ids), len(ids) + 1):
        return []
    # A cluster's own message has its place twice: once for itself, once in the card.
    return [
        Told(at_ms, uuid.decode(), int(number)) for uuid, number in zip(ids, places[-len(ids) :], strict=True)
    ]


def changes_of(sent: Iterable[dict[str, object]], uuids: dict[str, str]) -> list[Change]:
    """All changes since the fleet began, with the restarts that each makes; `uuids` by cluster name."""
    restarts: dict[tuple[str, str], int] = defaultdict(int)
    changes = []
    for one in sent:
        name, pod = str(one["cluster"]), str(one["key"])
        restarts[name, pod] += 1
        sent_at_ms = float(one["sent_at_ms"])  # type: ignore[arg-type]
        changes.append(Change(sent_at_ms, uuids[name], pod, restarts[name, pod]))
    return changes


def delays_of(page: Sequence[Told], changes: Iterable[Change], places: Places) -> tuple[list[float], int]:
    """How many ms each change took to a page, and how many never came. Of clusters it sees, that is."""
    arrivals: dict[str, list[Told]] = defaultdict(list)
    for told in page:
        arrivals[told.uuid].append(told)
    delays, missing = [], 0
    for change in changes:
        if change.uuid not in arrivals:
            continue
        number = places.number_of(change)
        seen = arrivals[change.uuid]
        at = len(seen) if number is None else bisect_left(seen, number, key=lambda told: told.number)
        if at < len(seen):
            delays.append(seen[at].at_ms - change.sent_at_ms)
        else:
            missing += 1
    return delays, missing
