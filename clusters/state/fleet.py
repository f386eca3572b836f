"""The whole fleet as one picture: totals, what is wrong, and the verdict as code and parameters. Pure.

Totals count clusters with current data only; a cluster that cannot be read leaves them ("7 of 8").
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from clusters.state.resource import CRITICAL, DEGRADED, HEALTHS, NO_DATA, PENDING

Picture = dict[str, Any]
"""What clusters.state.picture.cluster_picture gives."""

FLEET_CAUSES_SHOWN = 50
LEADING_CAUSES = 2
READ_STATES = ("live", "syncing")

_COUNTED = ("total", *HEALTHS)
_FIGURES = (
    *(("nodes", key, 1) for key in ("total", "ready", "cordoned", *HEALTHS)),
    *(("pods", key, 1) for key in _COUNTED),
    *(("workloads", key, 1) for key in _COUNTED),
    # Whole nano-cores, so that adding and taking away leaves no crumbs.
    *(("cpu", key, 10**9) for key in ("used_cores", "requested_cores", "allocatable_cores")),
    *(("memory", key, 1) for key in ("used_bytes", "requested_bytes", "allocatable_bytes")),
)


class Part(NamedTuple):
    """What one cluster adds to a fleet; made once, however many fleets it is in."""

    cluster: str
    health: str
    figures: tuple[int | None, ...] | None
    """In the order of _FIGURES; None for a cluster without current data."""
    causes: list[tuple[int, int, str, int]]
    """Sort keys: severity, newest first, cluster, index in `details`."""
    details: list[Picture]
    as_of: str | None
    as_of_ms: int


def is_current(picture: Picture) -> bool:
    """Whether the numbers of this cluster are of now, and so belong into the totals."""
    return (
        picture["connection"]["state"] in READ_STATES
        and picture["health"] != NO_DATA
        and picture["as_of"] is not None
    )


def fleet_picture(pictures: Iterable[Picture]) -> Picture:
    """The picture of all these clusters together."""
    fleet = Fleet()
    for picture in pictures:
        fleet.put(picture)
    return fleet.picture()


class Fleet:
    """The sums of a set of clusters, kept by adding and taking away one cluster's part."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}
        self._healths = dict.fromkeys(HEALTHS, 0)
        self._current = 0
        self._sums = [0] * len(_FIGURES)
        self._unknown = [0] * len(_FIGURES)
        self._causes: list[tuple[int, int, str, int]] = []

    def put(self, picture: Picture) -> None:
        """Take one cluster in, in place of what it was before."""
        self.put_part(part_of(picture))

    def put_part(self, part: Part) -> None:
        """The same with the part already made."""
        self.drop(part.cluster)
        self._parts[part.cluster] = part
        self._count(part, 1)
        for key in part.causes:
            insort(self._causes, key)

    def drop(self, cluster_id: str) -> None:
        """Leave one cluster out; one that is not in makes no difference."""
        part = self._parts.pop(cluster_id, None)
        if part is None:
            return
        self._count(part, -1)
        for key in part.causes:
            del self._causes[bisect_left(self._causes, key)]

    def picture(self) -> Picture:
        """The picture of the clusters that are in."""
        causes = self._shown_causes()
        latest = max(self._parts.values(), key=attrgetter("as_of_ms"), default=None)
        clusters = {"total": len(self._parts), "current": self._current, **self._healths}
        return {
            "clusters": clusters,
            **{group: self._group(group) for group in ("nodes", "pods", "workloads", "cpu", "memory")},
            "causes": causes,
            "causes_total": len(self._causes),
            "verdict": {"code": _code(clusters), "params": _params(clusters, causes)},
            "as_of": latest.as_of if latest else None,
        }

    def _count(self, part: Part, sign: int) -> None:
        self._healths[part.health] += sign
        if part.figures is None:
            return
        self._current += sign
        for index, value in enumerate(part.figures):
            if value is None:
                self._unknown[index] += sign
            else:
                self._sums[index] += sign * value

    def _group(self, group: str) -> Picture:
        sums: Picture = {}
        left_out: dict[str, int] = {}
        for index, (of, key, scale) in enumerate(_FIGURES):
            if of != group:
                continue
            sums[key] = self._figure(index, scale)
            if 0 < self._unknown[index] < self._current:
                left_out[key] = self._unknown[index]
        return {**sums, "partial": bool(left_out), "left_out": left_out}

    def _figure(self, index: int, scale: int) -> float | int | None:
        """A sum over the clusters that know it; None where there are clusters, but none that knows."""
        if self._parts and self._unknown[index] == self._current:
            return None
        return self._sums[index] if scale == 1 else self._sums[index] / scale

    def _shown_causes(self) -> list[Picture]:
        keys = self._causes[:FLEET_CAUSES_SHOWN]
        return [{"cluster": cluster, **self._parts[cluster].details[index]} for _, _, cluster, index in keys]


def part_of(picture: Picture) -> Part:
    """What this cluster adds to a fleet."""
    readable = is_current(picture)
    details = picture["causes"] if readable else _line_cause(picture)
    causes = [
        (HEALTHS.index(cause["health"]), -_ms(cause["since"]), picture["id"], index)
        for index, cause in enumerate(details)
    ]
    figures = tuple(_whole(picture[group][key], scale) for group, key, scale in _FIGURES)
    return Part(
        picture["id"],
        picture["health"],
        figures if readable else None,
        causes,
        details,
        picture["as_of"],
        -1 if picture["as_of"] is None else _ms(picture["as_of"]),
    )


def _line_cause(picture: Picture) -> list[Picture]:
    """That a cluster cannot be read is one cause; what was wrong in it before is no longer known."""
    if picture["health"] != NO_DATA:
        return []
    line = picture["connection"]
    return [
        {
            "health": NO_DATA, "reason": line["reason"] or line["state"], "kind": "Cluster", "namespace": "",
            "name": "", "counted_kind": "Cluster", "count": 1, "message": line["message"],
            "since": line["since"],
        }
    ]  # fmt: skip


def _whole(value: float | int | None, scale: int) -> int | None:
    return None if value is None else round(value * scale)


def _ms(moment: str | None) -> int:
    """Milliseconds of an ISO moment, to sort by; unknown is the oldest."""
    return 0 if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)


def _code(clusters: dict[str, int]) -> str:
    """The verdict as a code; what is wrong now comes before what is not known."""
    checks = (
        ("no_clusters", clusters["total"] == 0),
        ("critical", clusters[CRITICAL] > 0),
        ("degraded", clusters[DEGRADED] > 0),
        ("nothing_read", clusters[NO_DATA] == clusters["total"]),
        ("no_data", clusters[NO_DATA] > 0),
        ("pending", clusters[PENDING] > 0),
    )
    return next((code for code, holds in checks if holds), "healthy")


def _params(clusters: dict[str, int], causes: list[Picture]) -> Picture:
    return {**clusters, "leading": causes[:LEADING_CAUSES]}
