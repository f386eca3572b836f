"""The troubled pods of one workload, and what its row says of them: asked often, and rarely another.

A pod that joins is compared with the first; only when the first goes are all looked through.
"""

from collections.abc import Iterable, Set

from clusters.state.resource import HEALTHS, Resource

RANKS = {health: rank for rank, health in enumerate(HEALTHS)}
MESSAGE_LIMIT = 300


class Group:
    """Objects in trouble by uid, none of them ever without being taken out before it is put in anew."""

    __slots__ = ("_first_with_text", "_oldest", "_worst", "members")

    def __init__(self) -> None:
        self.members: dict[str, Resource] = {}
        self._worst: Resource | None = None
        self._oldest: Resource | None = None
        """The one in trouble for the longest, of those of whom that is known."""
        self._first_with_text: Resource | None = None
        """The worst of those of whom the cluster says what is wrong."""

    def put(self, one: Resource) -> None:
        """One more is in trouble."""
        self.members[one.uid] = one
        if self._worst is None or _is_worse(one, self._worst):
            self._worst = one
        if one.since_ms is not None and (self._oldest is None or one.since_ms < (self._oldest.since_ms or 0)):
            self._oldest = one
        first = self._first_with_text
        if text_of(one) and (first is None or _is_worse(one, first)):
            self._first_with_text = one

    def take(self, uid: str) -> None:
        """One is in trouble no more."""
        gone = self.members.pop(uid, None)
        if gone is None:
            return
        members = self.members.values()
        if gone is self._worst:
            self._worst = _worst(members)
        if gone is self._oldest:
            self._oldest = _oldest(members)
        if gone is self._first_with_text:
            self._first_with_text = _worst(one for one in members if text_of(one))

    def are_all_on(self, nodes: Set[str]) -> bool:
        """Whether none of them is on any other node."""
        return all(one.node in nodes for one in self.members.values())

    @property
    def worst(self) -> Resource:
        """The worst, the longest so among these. Only of a group that is not empty."""
        assert self._worst is not None
        return self._worst

    @property
    def since_ms(self) -> int | None:
        """Since when any of them is in trouble."""
        return self._oldest.since_ms if self._oldest is not None else None

    @property
    def message(self) -> str:
        """What the cluster says of the worst, or else of the worst of whom it says anything."""
        worst = self._worst
        if worst is None or not text_of(worst):
            worst = self._first_with_text
        return text_of(worst)[:MESSAGE_LIMIT] if worst is not None else ""


def text_of(one: Resource) -> str:
    """What the cluster says of one object; empty where it says nothing, or where its kind keeps nothing."""
    text: str = getattr(one, "message", "")
    return text


def _badness(one: Resource) -> tuple[int, int, str]:
    return (RANKS[one.health], one.since_ms or 0, one.name)


def _is_worse(one: Resource, other: Resource) -> bool:
    if one.health == other.health and (one.since_ms or 0) > (other.since_ms or 0):
        return False  # As with nearly each that joins: then nothing else needs to be looked at.
    return _badness(one) < _badness(other)


def _worst(members: Iterable[Resource]) -> Resource | None:
    return min(members, key=_badness, default=None)


def _oldest(members: Iterable[Resource]) -> Resource | None:
    known = [one for one in members if one.since_ms is not None]
    return min(known, key=lambda one: one.since_ms or 0, default=None)
