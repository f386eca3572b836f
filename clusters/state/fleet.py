"""The whole fleet as one picture: totals, what is wrong, and the verdict as code and parameters. Pure.

Totals count clusters with current data only; a cluster that cannot be read leaves them ("7 of 8").
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import takewhile
from operator import attrgetter

import msgspec

from clusters.state.parts import (
    CAUSES,
    CURRENT,
    FIGURES,
    HEALTH,
    TALLIES,
    UNKNOWN,
    CauseKey,
    Part,
    Picture,
    Step,
    part_of,
    step_between,
)
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHS, NO_DATA, PENDING

FLEET_CAUSES_SHOWN = 20
LEADING_CAUSES = 2

_GROUPS = {
    group: [(index, key, scale) for index, (of, key, scale) in enumerate(FIGURES) if of == group]
    for group in ("nodes", "pods", "workloads", "cpu", "memory")
}

Causes = list[Picture | msgspec.Raw]


def fleet_picture(pictures: Iterable[Picture]) -> Picture:
    """The picture of all these clusters together."""
    fleet = Fleet()
    for picture in pictures:
        fleet.put(picture)
    return fleet.picture()


class Fleet:
    """The sums of a set of clusters, kept by adding and taking away what changes in one cluster."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}
        self._tallies = [0] * TALLIES
        self._first_keys: list[CauseKey] = []
        """Of each cluster with causes its worst. The worst k of all are in the first k clusters here."""
        self._causes: Causes | None = None
        """Those shown, worst first; None once they may be others."""
        self._last_shown: CauseKey | None = None
        """A cluster whose causes all come after this shows none; None where all are shown."""
        self._latest: Part | None = None
        """The part that was read last; None where that is to be found."""

    def put(self, picture: Picture) -> None:
        """Take one cluster in, in place of what it was before."""
        self.put_part(part_of(picture))

    def put_part(self, part: Part) -> None:
        """The same with the part already made."""
        self._take(step_between(part.cluster, self._parts.get(part.cluster), part))

    def drop(self, cluster_id: str) -> None:
        """Leave one cluster out; one that is not in makes no difference."""
        self._take(step_between(cluster_id, self._parts.get(cluster_id), None))

    def apply(self, step: Step) -> None:
        """Follow a step that was made for many fleets, wherever this fleet stands with the cluster."""
        before = self._parts.get(step.cluster)
        self._take(step if before is step.before else step_between(step.cluster, before, step.after))

    def picture(self) -> Picture:
        """The picture of the clusters that are in. Causes of encoded cards stay encoded."""
        if self._causes is None:
            self._causes = self._worst_causes()
        causes = self._causes
        healths = self._tallies[HEALTH : HEALTH + len(HEALTHS)]
        clusters = {"total": len(self._parts), "current": self._tallies[CURRENT]}
        clusters.update(zip(HEALTHS, healths, strict=True))
        return {
            "clusters": clusters,
            **{group: self._group(figures) for group, figures in _GROUPS.items()},
            "causes": list(causes),
            "causes_total": self._tallies[CAUSES],
            "verdict": {"code": _code(clusters), "params": _params(clusters, causes)},
            "as_of": self._as_of(),
        }

    def _take(self, step: Step) -> None:
        for place, by in step.moves:
            self._tallies[place] += by
        if step.turns_causes:
            self._turn_causes(step.before, step.after)
        if step.after is None:
            self._parts.pop(step.cluster, None)
        else:
            self._parts[step.cluster] = step.after
        if step.after and self._latest and step.after.as_of_ms >= self._latest.as_of_ms:
            self._latest = step.after
        elif step.before is self._latest:
            self._latest = None

    def _turn_causes(self, before: Part | None, after: Part | None) -> None:
        old = before.first_key if before else None
        new = after.first_key if after else None
        if old != new:
            if old:
                del self._first_keys[bisect_left(self._first_keys, old)]
            if new:
                insort(self._first_keys, new)
        if self._may_show(old) or self._may_show(new):
            self._causes = None

    def _may_show(self, key: CauseKey | None) -> bool:
        return key is not None and (self._last_shown is None or key <= self._last_shown)

    def _worst_causes(self) -> Causes:
        """The causes to show, found among the clusters with the worst first causes."""
        first_keys = self._first_keys[:FLEET_CAUSES_SHOWN]
        is_crowded = len(first_keys) == FLEET_CAUSES_SHOWN
        keys = [
            key
            for _, _, cluster, _ in first_keys
            for key in takewhile(
                lambda key: not is_crowded or key <= first_keys[-1], self._parts[cluster].keys
            )
        ]
        keys = sorted(keys)[:FLEET_CAUSES_SHOWN]
        self._last_shown = keys[-1] if len(keys) == FLEET_CAUSES_SHOWN else None
        return [_of_cluster(cluster, self._parts[cluster].causes[index]) for _, _, cluster, index in keys]

    def _as_of(self) -> str | None:
        if self._latest is None:
            self._latest = max(self._parts.values(), key=attrgetter("as_of_ms"), default=None)
        return self._latest.as_of if self._latest else None

    def _group(self, figures: list[tuple[int, str, int]]) -> Picture:
        sums: Picture = {}
        left_out: dict[str, int] = {}
        current = self._tallies[CURRENT]
        for index, key, scale in figures:
            unknown = self._tallies[UNKNOWN + index]
            sums[key] = self._figure(index, scale)
            if 0 < unknown < current:
                left_out[key] = unknown
        return {**sums, "partial": bool(left_out), "left_out": left_out}

    def _figure(self, index: int, scale: int) -> float | int | None:
        """A sum over the clusters that know it; None where there are clusters, but none that knows."""
        if self._parts and self._tallies[UNKNOWN + index] == self._tallies[CURRENT]:
            return None
        total = self._tallies[index]
        return total if scale == 1 else total / scale


def _of_cluster(cluster: str, cause: Picture | msgspec.Raw) -> Picture | msgspec.Raw:
    """The cause with its cluster in front. An encoded one is not decoded for that."""
    if isinstance(cause, msgspec.Raw):
        return msgspec.Raw(b'{"cluster":' + msgspec.json.encode(cluster) + b"," + bytes(cause)[1:])
    return {"cluster": cluster, **cause}


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


def _params(clusters: dict[str, int], causes: Causes) -> Picture:
    return {**clusters, "leading": causes[:LEADING_CAUSES]}
