"""One row for one cause: what is wrong in a cluster, folded from the objects it shows in.

Nodes with the same reason are one cause. Pods count once, under their workload. What only a node brought
down is left to the node: pods on it, and workloads without a troubled pod elsewhere. A workload without a
troubled pod speaks for itself otherwise.

Rows are kept, and made anew only where something moved: thousands of pods in trouble cost nothing while
one of them changes.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Set
from operator import itemgetter

from clusters.mirror.groups import MESSAGE_LIMIT, RANKS, Group, text_of
from clusters.state.resource import CRITICAL, DEGRADED, Resource
from clusters.state.summary import Cause

TROUBLE = (CRITICAL, DEGRADED)

Key = tuple[str, str]
"""Namespace and `Kind/name` of a workload."""
Rank = tuple[int, int, str, str, str, str]
"""What rows are sorted by: worst first, then newest; the rest only tells them apart."""

_first = itemgetter(0)


class Causes:
    """The causes behind all critical and degraded objects of one cluster."""

    def __init__(self) -> None:
        # Each by uid: a name that is given away is for a moment that of two objects.
        self._pods: dict[Key, Group] = {}
        self._others: dict[Key, dict[str, Resource]] = {}
        self._nodes: dict[str, Resource] = {}
        self._owned: defaultdict[Key, set[Key]] = defaultdict(set)
        """Of a workload in trouble: what belongs to it and is in trouble too, such as a ReplicaSet."""
        self._ranks: dict[Key, Rank] = {}
        self._rows: list[tuple[Rank, Cause]] = []
        self._moved: set[Key] = set()
        self._left_to_nodes: dict[Key, str] = {}
        """What only nodes brought down, and how bad that is."""
        self._bad_nodes: Set[str] = frozenset()
        self._shaken: Set[Key] = frozenset()

    def replace(self, old: Resource | None, new: Resource | None) -> None:
        """One object was like `old` and is like `new`; either may be None, or in no trouble."""
        if old is not None and old.health in TROUBLE:
            self._take_out(old)
        if new is not None and new.health in TROUBLE:
            self._put_in(new)

    def rows(
        self, most: int, *, unready_nodes: Iterable[Resource], shaken: Set[Key]
    ) -> tuple[list[Cause], int]:
        """The first causes, worst and newest first, at `most` so many; and how many there are in all.

        `shaken` are the workloads with a pod on one of `unready_nodes`.
        """
        nodes = {node.name: node for node in (*unready_nodes, *self._nodes.values())}
        self._move_what_nodes_touch(nodes.keys(), shaken)
        for key in self._moved:
            self._settle(key)
        self._moved.clear()
        blamed = [node for node in nodes.values() if self._left_to_nodes or node.health in TROUBLE]
        left = min(self._left_to_nodes.values(), key=RANKS.__getitem__, default=DEGRADED)
        own = [(_rank(cause), cause) for cause in _node_causes(blamed, left)]
        first = sorted([*self._rows[:most], *own], key=_first) if own else self._rows
        return [cause for _, cause in first[:most]], len(self._rows) + len(own)

    def _put_in(self, one: Resource) -> None:
        if one.kind == "Node":
            self._nodes[one.uid] = one
            return
        key = _key(one)
        if one.kind == "Pod":
            pods = self._pods.get(key)
            if pods is None:
                pods = self._pods[key] = Group()
            pods.put(one)
        else:
            self._others.setdefault(key, {})[one.uid] = one
            if one.workload:
                self._owned[one.namespace, one.workload].add(key)
        self._move(key)

    def _take_out(self, one: Resource) -> None:
        if one.kind == "Node":
            self._nodes.pop(one.uid, None)
            return
        key = _key(one)
        if one.kind == "Pod":
            self._take_pod(key, one.uid)
        else:
            group = self._others.get(key, {})
            group.pop(one.uid, None)
            if not group:
                self._others.pop(key, None)
        self._move(key)

    def _take_pod(self, key: Key, uid: str) -> None:
        pods = self._pods.get(key)
        if pods is not None:
            pods.take(uid)
            if not pods.members:
                del self._pods[key]

    def _move(self, key: Key) -> None:
        """This row has to be made anew, and those that stand back behind it."""
        self._moved.add(key)
        if key in self._owned:
            self._owned[key] &= self._others.keys()
            self._moved |= self._owned[key]

    def _move_what_nodes_touch(self, bad_nodes: Set[str], shaken: Set[Key]) -> None:
        if bad_nodes != self._bad_nodes:
            self._bad_nodes = frozenset(bad_nodes)
            self._moved |= self._pods.keys()
        if shaken != self._shaken:
            self._moved |= shaken ^ self._shaken
            self._shaken = frozenset(shaken)

    def _settle(self, key: Key) -> None:
        """Put one row in its place among the others, or take it away."""
        self._left_to_nodes.pop(key, None)
        before, cause = self._ranks.pop(key, None), self._cause(key)
        row = (_rank(cause), cause) if cause is not None else None
        if row is not None:
            self._ranks[key] = row[0]
        if before is not None:
            place = bisect_left(self._rows, before, key=_first)
            if row is not None and row[0] == before:
                self._rows[place] = row  # As with most: one more pod, and its place is the same.
                return
            del self._rows[place]
        if row is not None:
            insort(self._rows, row, key=_first)

    def _cause(self, key: Key) -> Cause | None:
        pods, owner = self._pods.get(key), _last(self._others.get(key))
        if pods and not (self._bad_nodes and pods.are_all_on(self._bad_nodes)):
            return _pods_cause(key, pods, owner)
        if pods or (owner is not None and key in self._shaken):
            fallen = [*(pods.members.values() if pods else ()), *((owner,) if owner else ())]
            self._left_to_nodes[key] = min((one.health for one in fallen), key=RANKS.__getitem__)
            return None
        if owner is None or (owner.namespace, owner.workload) in self._pods:
            return None  # Nothing, or a ReplicaSet whose Deployment already has a row.
        return Cause(
            owner.health, owner.reason, owner.kind, owner.namespace, owner.name, owner.kind, 1,
            owner.since_ms, _message([owner]),
        )  # fmt: skip


def _last(group: dict[str, Resource] | None) -> Resource | None:
    return next(reversed(group.values())) if group else None


def _key(one: Resource) -> Key:
    if one.kind == "Pod":
        return one.namespace, one.workload or f"Pod/{one.name}"
    return one.namespace, f"{one.kind}/{one.name}"


def _node_causes(nodes: list[Resource], left: str) -> Iterable[Cause]:
    """One row a reason, as bad as what the nodes took along (`left`) where they are not ready.

    A node that is down for a moment only is in it for that alone.
    """
    groups: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for node in nodes:
        groups[node.health, node.reason].append(node)
    for (health, reason), group in groups.items():
        name = group[0].name if len(group) == 1 else ""
        is_down = any(not getattr(node, "is_ready", True) for node in group)
        worst = min(health, left if is_down else health, key=RANKS.__getitem__)
        worst = worst if worst in TROUBLE else DEGRADED
        yield Cause(worst, reason, "Node", "", name, "Node", len(group), _since(group), _message(group))


def _pods_cause(key: Key, pods: Group, owner: Resource | None) -> Cause:
    """The row of a workload's pods: the reason is that of the worst, the longest so among these."""
    namespace, workload = key
    kind, _, name = workload.partition("/")
    health, since_ms = pods.worst.health, pods.since_ms
    if owner is not None:
        health = min(health, owner.health, key=RANKS.__getitem__)
        since_ms = _since([owner]) if since_ms is None else min(since_ms, owner.since_ms or since_ms)
    return Cause(
        health, pods.worst.reason, kind, namespace, name, "Pod", len(pods.members), since_ms, pods.message
    )


def _since(group: Iterable[Resource]) -> int | None:
    return min([resource.since_ms for resource in group if resource.since_ms is not None], default=None)


def _message(group: Iterable[Resource]) -> str:
    return next((text for one in group if (text := text_of(one))), "")[:MESSAGE_LIMIT]


def _rank(cause: Cause) -> Rank:
    since_ms = cause.since_ms or 0
    return (RANKS[cause.health], -since_ms, cause.kind, cause.namespace, cause.name, cause.reason)
