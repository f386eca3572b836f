"""The fan-out to fleet pages: one bundle for everybody who sees the same clusters.

Totals and verdict are kept by adding and taking away, once for each set of visible clusters; a bundle is
put together once for each set and handed to all its pages as the same text.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from clusters.state.fleet import Fleet
from clusters.state.parts import Part, Step, part_of_card, step_between
from metrics.live import messages
from metrics.live.messages import Nameplate
from metrics.live.shelf import Card, Shelf
from metrics.live.slots import Bundle

SHORTEST_PAUSE_SECONDS = 0.004
"""With one page, a changed card is at the page within this and the little that telling it takes."""
LONGEST_PAUSE_SECONDS = 0.25
MEASURED_EVERY = 5
"""Flushes, while the pause is the shortest: to ask for the CPU time costs as much as to tell one page."""
SHARE_OF_TIME = 0.3
"""After a flush follows a pause, so that making and sending bundles takes no more than this of the time."""

_encoder = msgspec.json.Encoder()


class FleetPage(Protocol):
    """A socket as the fan-out knows it."""

    def offer(self, bundle: Bundle) -> None:
        """Some clusters changed."""
        ...


class Audience:
    """All the pages that see one set of clusters, and the sums of that set."""

    def __init__(self, visible: frozenset[str], shelf: Shelf, parts: Iterable[Part]) -> None:
        """`parts` are those of the visible clusters, as far as they are known."""
        self.visible = visible
        self.pages: set[FleetPage] = set()
        self._shelf = shelf
        self._fleet = Fleet()
        self._totals: bytes | None = None
        for part in parts:
            self._fleet.put_part(part)

    def take(self, steps: Iterable[Step]) -> None:
        """Follow what changed in clusters of this audience."""
        self._totals = None
        for step in steps:
            self._fleet.apply(step)

    def picture_texts(self, names: dict[str, Nameplate], at_ms: int) -> list[str]:
        """Everything this audience sees, now."""
        cards = [card.brief for card in self._cards(self.visible)]
        return messages.fleet_picture_messages(at_ms=at_ms, names=names, cards=cards, fleet=self._sums())

    def frame_texts(self, uuids: Iterable[str], at_ms: int) -> list[str]:
        """These clusters as they are now, with the totals."""
        cards = [card.brief for card in self._cards(uuids)]
        return messages.fleet_frames(at_ms=at_ms, cards=cards, fleet=self._sums())

    def _cards(self, uuids: Iterable[str]) -> list[Card]:
        return self._shelf.cards(self.visible.intersection(uuids))

    def _sums(self) -> bytes:
        if self._totals is None:
            self._totals = _encoder.encode(self._fleet.picture())
        return self._totals


@dataclass
class FleetFanout:
    """Collects what changed and tells each audience: at once for a first change, then after a pause.

    `call_later(seconds, function)` is the event loop's; `now_ms` is the wall clock; `spent_seconds` is the
    CPU time of this thread: on a busy machine the clock would tell of others' work.
    """

    shelf: Shelf
    now_ms: Callable[[], int]
    spent_seconds: Callable[[], float]
    call_later: Callable[[float, Callable[[], None]], object]
    _audiences: dict[frozenset[str], Audience] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)
    _is_pausing: bool = False
    _pause_seconds: float = SHORTEST_PAUSE_SECONDS
    _unmeasured: int = 0
    """How many flushes ago the cost was measured."""
    _parts: "Parts" = field(init=False)

    def __post_init__(self) -> None:
        self._parts = Parts(self.shelf)

    def join(self, page: FleetPage, visible: frozenset[str]) -> Audience:
        """Tell `page` of these clusters from now on."""
        audience = self._audiences.get(visible)
        if audience is None:
            self._tell()
            audience = Audience(visible, self.shelf, self._parts.of(visible))
            self._audiences[visible] = audience
        audience.pages.add(page)
        return audience

    def leave(self, page: FleetPage, audience: Audience) -> None:
        """Tell `page` no more; an audience without pages goes."""
        audience.pages.discard(page)
        if not audience.pages:
            self._audiences.pop(audience.visible, None)

    def changed(self, *uuids: str) -> None:
        """The cards of these clusters on the shelf are others now, or gone."""
        if not self._audiences or not uuids:
            return
        self._changed.update(uuids)
        if not self._is_pausing:
            self._flush()

    def _flush(self) -> None:
        """Tell, then pause. What it costs is asked of the system, so only now and then while it is little."""
        self._is_pausing = True
        self._unmeasured += 1
        if self._pause_seconds > SHORTEST_PAUSE_SECONDS or self._unmeasured >= MEASURED_EVERY:
            self._measure()
        else:
            self.call_later(self._pause_seconds, self._resume)
        self._tell()

    def _measure(self) -> None:
        """Pause once the cost is known: in the next turn of the loop pages send, at its end it is written."""
        self._unmeasured = 0
        started_seconds = self.spent_seconds()
        self.call_later(0, lambda: self._give_writes_a_turn(started_seconds))

    def _give_writes_a_turn(self, started_seconds: float) -> None:
        self.call_later(0, lambda: self._rest(started_seconds))

    def _rest(self, started_seconds: float) -> None:
        self._pause_seconds = pause_after(self.spent_seconds() - started_seconds)
        self.call_later(self._pause_seconds, self._resume)

    def _resume(self) -> None:
        self._is_pausing = False
        if self._changed:
            self._flush()

    def _tell(self) -> None:
        changed, self._changed = frozenset(self._changed), set()
        at_ms = self.now_ms()
        steps = {uuid: self._parts.step(uuid) for uuid in changed}
        for audience in self._audiences.values():
            seen = changed & audience.visible
            if not seen:
                continue
            audience.take(steps[uuid] for uuid in seen)
            bundle = Bundle(seen, tuple(audience.frame_texts(seen, at_ms)))
            for page in audience.pages:
                page.offer(bundle)


class Parts:
    """What each cluster of the shelf adds to the totals: read once from each card that is told of."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[str, tuple[Card, Part]] = {}

    def of(self, uuids: Iterable[str]) -> list[Part]:
        """The parts of these clusters, as far as there are cards."""
        return [part for uuid in uuids if (part := self._part(uuid))]

    def step(self, uuid: str) -> Step:
        """From the part that was read last to that of the card as it is now."""
        before = self._known.get(uuid)
        return step_between(uuid, before[1] if before else None, self._part(uuid))

    def _part(self, uuid: str) -> Part | None:
        known = self._known.get(uuid)
        card = self._shelf.card(uuid)
        if card is None:
            self._known.pop(uuid, None)
            return None
        if known is None or known[0] is not card:
            known = self._known[uuid] = card, part_of_card(card.payload, known[1] if known else None)
        return known[1]


def pause_after(took_seconds: float) -> float:
    """How long to collect changes after a flush that took so long.

    >>> pause_after(0.001), pause_after(0.012), pause_after(9.0)
    (0.004, 0.028, 0.25)
    """
    wanted_seconds = round(took_seconds * (1 / SHARE_OF_TIME - 1), 6)
    return min(max(wanted_seconds, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
