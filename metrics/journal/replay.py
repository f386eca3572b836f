"""From a picture and what changed after it to the picture at a later moment. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clusters.mirror.changes import Change
from clusters.state.resource import Resource
from metrics.journal.joined import Step

Picture = dict[tuple[str, str], Resource]
"""Kind and uid to resource: all that exists in a cluster at one moment."""


@dataclass(frozen=True)
class EntryView:
    """One step of the journal, where it stands: the smallest thing that is told or replayed."""

    history: int
    fence: int
    step: Step

    @property
    def place(self) -> str:
        """Where the journal stands after this entry, as `FENCE.N`."""
        return f"{self.fence}.{self.step.last_number}"

    @property
    def first_number(self) -> int:
        """The first number it covers."""
        return self.step.first_number

    @property
    def last_number(self) -> int:
        """The last number it covers."""
        return self.step.last_number

    @property
    def at_ms(self) -> int:
        """When it was true, by our clock."""
        return self.step.last_at_ms

    @property
    def state(self) -> bytes:
        """The cluster's card after it, in the form of metrics.journal.states."""
        return self.step.state

    @property
    def changes(self) -> list[Change]:
        """What changed, in order."""
        return self.step.changes


def replay(
    picture: Iterable[Resource], entries: Iterable[EntryView], *, history: int | None = None
) -> Picture:
    """What exists after `entries`, which are in order, given what existed before them.

    `history` is that of the picture; None takes the first entry's. An entry of another history tells of
    another cluster behind the same address: all that was known before it is no more.
    """
    resources = {(resource.kind, resource.uid): resource for resource in picture}
    for entry in entries:
        if history is not None and entry.history != history:
            resources.clear()
        history = entry.history
        apply(resources, entry.changes)
    return resources


def apply(resources: Picture, changes: Iterable[Change]) -> None:
    """Bring a picture up to date."""
    for change in changes:
        if change.resource is None:
            resources.pop((change.kind, change.uid), None)
        else:
            resources[change.kind, change.uid] = change.resource


def until(entries: Sequence[EntryView], at_ms: int) -> Sequence[EntryView]:
    """The entries up to the last one that was true at `at_ms`.

    Order is by place, never by time: where a worker's clock ran behind its predecessor's, an earlier
    place with a later time still belongs to what came before.
    """
    for count in range(len(entries), 0, -1):
        if entries[count - 1].at_ms <= at_ms:
            return entries[:count]
    return ()
