"""The latest card of each cluster, and its last few seconds of frames. Pure: time comes as an argument.

Frames come ahead of the rows and may be lost; rows come late and never lie. The shelf takes from either
what is newer, by place.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from metrics.live.frames import Frame
from metrics.live.messages import place_text

KEPT_SECONDS = 5.0
"""Frames are stored within a second; this bridges a slow database too."""
KEPT_BYTES = 2 * 1024 * 1024
"""At most so much of one cluster's frames, however fast they come."""


@dataclass(frozen=True)
class Card:
    """One cluster as pages show it, already encoded; `brief` is what fleet pages are told."""

    cluster_id: int
    uuid: str
    fence: int
    number: int
    at_ms: int
    payload: bytes
    brief: bytes

    @property
    def order(self) -> tuple[int, int]:
        """What makes one card newer than another of the same cluster."""
        return (self.fence, self.number)

    @property
    def stamp(self) -> tuple[int, int, int]:
        """What tells cards at the same place apart too."""
        return (self.fence, self.number, self.at_ms)

    @property
    def place(self) -> str:
        """Where in the journal this is."""
        return place_text(self.fence, self.number)


@dataclass
class _Cluster:
    card: Card
    frames: deque[tuple[float, Frame]] = field(default_factory=deque)
    kept_bytes: int = 0

    def keep(self, frame: Frame, now_seconds: float) -> None:
        if self.frames and self.frames[-1][1].fence != frame.fence:
            self.frames.clear()
            self.kept_bytes = 0
        # Only a cluster's own page is told again what was kept: fleet pages are told the latest card.
        self.frames.append((now_seconds, msgspec.structs.replace(frame, brief=b"")))
        self.kept_bytes += frame.size_bytes
        while self.frames and self._is_too_much(now_seconds):
            self.kept_bytes -= self.frames.popleft()[1].size_bytes

    def _is_too_much(self, now_seconds: float) -> bool:
        return self.frames[0][0] < now_seconds - KEPT_SECONDS or self.kept_bytes > KEPT_BYTES


class Shelf:
    """Every cluster's latest card, whoever may see it."""

    def __init__(self) -> None:
        self._clusters: dict[str, _Cluster] = {}

    def card(self, uuid: str) -> Card | None:
        """The latest card of one cluster; None where it is not known."""
        known = self._clusters.get(uuid)
        return known.card if known else None

    def cards(self, uuids: Iterable[str]) -> list[Card]:
        """The latest cards of these clusters, as far as they are known."""
        return [known.card for uuid in uuids if (known := self._clusters.get(uuid))]

    def take_frame(self, frame: Frame, now_seconds: float) -> bool:
        """Keep a frame that is newer than what is known; False for a copy or an older one."""
        card = _card_of(frame)
        known = self._clusters.get(frame.uuid)
        if known is None:
            known = self._clusters[frame.uuid] = _Cluster(card)
        elif card.order <= known.card.order:
            return False
        known.card = card
        known.keep(frame, now_seconds)
        return True

    def take_card_of(self, frame: Frame) -> bool:
        """Keep the card of a frame that is no step; False for a copy or an older one.

        Where it is of a later place than known, the steps up to there are lost, or on their way by the rows.
        """
        card = _card_of(frame)
        known = self._clusters.get(frame.uuid)
        if known is None:
            self._clusters[frame.uuid] = _Cluster(card)
            return True
        if card.stamp <= known.card.stamp:
            return False
        known.card = card
        return True

    def stamps(self) -> dict[str, tuple[int, int, int]]:
        """How far each card is."""
        return {uuid: known.card.stamp for uuid, known in self._clusters.items()}

    def take_row(self, card: Card) -> bool:
        """Keep what a row says unless frames are ahead of it; True where that changed something.

        At the same place the row wins: what is written beside the journal (a pause, the next try of a
        cluster that cannot be read) has no number of its own.
        """
        known = self._clusters.get(card.uuid)
        if known is None:
            self._clusters[card.uuid] = _Cluster(card)
            return True
        if card.order < known.card.order or card.payload == known.card.payload:
            return False
        known.card = card
        return True

    def drop_all_but(self, uuids: set[str]) -> set[str]:
        """Forget clusters that are no longer there; the UUIDs of those."""
        gone = self._clusters.keys() - uuids
        for uuid in gone:
            del self._clusters[uuid]
        return gone

    def frames_after(self, uuid: str, fence: int, number: int) -> list[Frame] | None:
        """The kept frames from a place to the latest card; None where there is a hole in them."""
        known = self._clusters.get(uuid)
        if known is None or known.card.fence != fence or known.card.number < number:
            return None
        frames = [frame for _, frame in known.frames if frame.number > number]
        numbers = [frame.number for frame in frames]
        return frames if numbers == list(range(number + 1, known.card.number + 1)) else None


def _card_of(frame: Frame) -> Card:
    return Card(frame.cluster_id, frame.uuid, frame.fence, frame.number, frame.at_ms, frame.card, frame.brief)
