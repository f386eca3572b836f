"""What one cluster adds to a fleet, and the step from one such part to the next. Pure.

A part is made once for each changed card, a step too, however many fleets the cluster is in. All tallies are
whole numbers, so that adding and taking away leaves no crumbs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from clusters.state.resource import HEALTHS, NO_DATA

Picture = dict[str, Any]
"""What clusters.state.picture.cluster_picture gives."""

CauseKey = tuple[int, int, str, int]
"""What causes are sorted by: severity, newest first, cluster, index in the part's `causes`."""

READ_STATES = ("live", "syncing")

_COUNTED = ("total", *HEALTHS)
FIGURES = (
    *(("nodes", key, 1) for key in ("total", "ready", "cordoned", *HEALTHS)),
    *(("pods", key, 1) for key in _COUNTED),
    *(("workloads", key, 1) for key in _COUNTED),
    # Whole nano-cores.
    *(("cpu", key, 10**9) for key in ("used_cores", "requested_cores", "allocatable_cores")),
    *(("memory", key, 1) for key in ("used_bytes", "requested_bytes", "allocatable_bytes")),
)
"""Group, key and scale of each figure that fleets sum."""

UNKNOWN = len(FIGURES)
"""The tallies of a fleet: first the sum of each figure, from here how many clusters do not know it."""
HEALTH = UNKNOWN + len(FIGURES)
"""From here how many clusters are in each health."""
CURRENT = HEALTH + len(HEALTHS)
"""How many clusters are read."""
CAUSES = CURRENT + 1
"""How many causes there are, whether they are shown or not."""
TALLIES = CAUSES + 1


class Part(NamedTuple):
    """What one cluster adds to a fleet."""

    cluster: str
    tallies: tuple[int, ...]
    keys: list[CauseKey]
    """Of each cause, worst first."""
    causes: Sequence[Picture | msgspec.Raw]
    encoded_causes: msgspec.Raw | None
    """What `causes` were read from, to see that they are the same again."""
    as_of: str | None
    as_of_ms: int

    @property
    def first_key(self) -> CauseKey | None:
        """The key of the worst cause."""
        return self.keys[0] if self.keys else None


class Step(NamedTuple):
    """From one part of a cluster to the next; None is a cluster that is not there."""

    cluster: str
    before: Part | None
    after: Part | None
    moves: list[tuple[int, int]]
    """Which tallies move, and by how much."""
    turns_causes: bool
    """Whether its causes are others."""


class Line(msgspec.Struct):
    """How reading a cluster goes, as far as a fleet tells of it."""

    state: str
    reason: str
    message: str
    since: str | None


class Facts(msgspec.Struct):
    """What a fleet takes from a picture besides the causes: decoding all of it costs five times as much."""

    id: str
    health: str
    connection: Line
    nodes: dict[str, int | None]
    pods: dict[str, int | None]
    workloads: dict[str, int | None]
    cpu: dict[str, float | int | None]
    memory: dict[str, float | int | None]
    causes_total: int
    as_of: str | None


class _Card(Facts):
    causes: msgspec.Raw


class _Rank(msgspec.Struct):
    """What a cause is sorted by."""

    health: str
    since: str | None


_card_decoder = msgspec.json.Decoder(_Card)
_causes_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_rank_decoder = msgspec.json.Decoder(_Rank)


def is_current(picture: Picture) -> bool:
    """Whether the numbers of this cluster are of now, and so belong into the totals."""
    return _is_read(picture["connection"]["state"], picture["health"], picture["as_of"])


def part_of(picture: Picture) -> Part:
    """What this cluster adds to a fleet."""
    facts = msgspec.convert(picture, Facts)
    if not is_current(picture):
        return _unread_part(facts)
    causes = picture["causes"]
    ranks = [_Rank(cause["health"], cause["since"]) for cause in causes]
    return _read_part(facts, _keys(facts.id, ranks), causes, None)


def part_of_card(card: bytes, before: Part | None = None) -> Part:
    """The same from a picture as JSON; causes that are those of `before` are not read again."""
    facts = _card_decoder.decode(card)
    if not _is_read(facts.connection.state, facts.health, facts.as_of):
        return _unread_part(facts)
    if before is not None and before.encoded_causes == facts.causes:
        return _read_part(facts, before.keys, before.causes, before.encoded_causes)
    causes = _causes_decoder.decode(facts.causes)
    ranks = [_rank_decoder.decode(cause) for cause in causes]
    return _read_part(facts, _keys(facts.id, ranks), causes, facts.causes)


def step_between(cluster: str, before: Part | None, after: Part | None) -> Step:
    """What changes in every fleet that the cluster is in."""
    old = before.tallies if before else _NOTHING
    new = after.tallies if after else _NOTHING
    moves = [
        (place, after_count - before_count)
        for place, (before_count, after_count) in enumerate(zip(old, new, strict=True))
        if after_count != before_count
    ]
    is_same = before is not None and after is not None and before.causes is after.causes
    return Step(cluster, before, after, moves, not is_same)


def _is_read(state: str, health: str, as_of: str | None) -> bool:
    return state in READ_STATES and health != NO_DATA and as_of is not None


def _read_part(
    facts: Facts, keys: list[CauseKey], causes: Sequence[Picture | msgspec.Raw], encoded: msgspec.Raw | None
) -> Part:
    figures = [_whole(getattr(facts, group)[key], scale) for group, key, scale in FIGURES]
    tallies = (
        *(figure or 0 for figure in figures),
        *(int(figure is None) for figure in figures),
        *_HEALTH_TALLIES[facts.health],
        1,
        facts.causes_total,
    )
    return Part(facts.id, tallies, keys, causes, encoded, facts.as_of, _as_of_ms(facts.as_of))


def _unread_part(facts: Facts) -> Part:
    """That a cluster cannot be read is one cause; what was wrong in it before is no longer known."""
    causes = _line_causes(facts)
    ranks = [_Rank(cause["health"], cause["since"]) for cause in causes]
    tallies = (*_NOTHING[:HEALTH], *_HEALTH_TALLIES[facts.health], 0, len(causes))
    keys = _keys(facts.id, ranks)
    return Part(facts.id, tallies, keys, causes, None, facts.as_of, _as_of_ms(facts.as_of))


def _line_causes(facts: Facts) -> list[Picture]:
    if facts.health != NO_DATA:
        return []
    line = facts.connection
    return [
        {
            "health": NO_DATA, "reason": line.reason or line.state, "kind": "Cluster", "namespace": "",
            "name": "", "counted_kind": "Cluster", "count": 1, "message": line.message, "since": line.since,
        }
    ]  # fmt: skip


def _keys(cluster: str, ranks: list[_Rank]) -> list[CauseKey]:
    return sorted(
        (_SEVERITY[rank.health], -_ms(rank.since), cluster, index) for index, rank in enumerate(ranks)
    )


def _whole(value: float | int | None, scale: int) -> int | None:
    return None if value is None else round(value * scale)


def _as_of_ms(moment: str | None) -> int:
    return -1 if moment is None else _ms(moment)


def _ms(moment: str | None) -> int:
    """Milliseconds of an ISO moment, to sort by; unknown is the oldest."""
    return 0 if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)


_NOTHING = (0,) * TALLIES
_SEVERITY = {health: index for index, health in enumerate(HEALTHS)}
_HEALTH_TALLIES = {health: tuple(int(other == health) for other in HEALTHS) for health in HEALTHS}
