"""The trimmed copy of one cluster: objects in, changes out, totals always ready."""

import heapq
from collections.abc import Callable, Iterable

import msgspec

from clusters.mirror.causes import Causes
from clusters.mirror.changes import Change, keeps_place
from clusters.mirror.totals import Totals
from clusters.state.resource import HEALTHY, Resource, turned
from clusters.state.summary import CAUSES_SHOWN, Cause, Cpu, HealthCounts, KindState, Memory, Summary

NodeUsage = dict[str, tuple[float | None, int | None]]
"""CPU in cores and memory in bytes by name of the node."""


class Mirror:
    """What one cluster looks like now. One task at a time may call it; the clock is the caller's.

    A change is reported only where something we keep is different: a new resourceVersion alone is not.
    `heed` gets each object as it was and as it is, also of what is restored.
    """

    def __init__(self, heed: Callable[[Resource | None, Resource | None], None] | None = None) -> None:
        self._heed = heed
        self.totals = Totals()
        self.kinds: dict[str, KindState] = {}
        self.version: str | None = None
        self.clock_skew_seconds: float | None = None
        self.usage_state: KindState | None = None
        self.usage_at_ms: int | None = None
        self._objects: dict[str, dict[str, Resource]] = {}
        self._causes = Causes()
        self._turns: list[tuple[int, str, str]] = []
        self._node_usage: NodeUsage = {}
        self._node_strip: str | None = None
        self._used_sums: tuple[float | None, float | None] | None = None

    def objects(self, kind: str) -> dict[str, Resource]:
        """The objects of one kind by uid; not to be changed by the caller."""
        table = self._objects.get(kind)
        if table is None:
            table = self._objects[kind] = {}
        return table

    def everything(self) -> Iterable[Resource]:
        """Every object of every kind."""
        for table in self._objects.values():
            yield from table.values()

    def __len__(self) -> int:
        return sum(map(len, self._objects.values()))

    def put(self, resource: Resource, now_ms: int) -> Change | None:
        """Take in one object as it is now; the change, or None where nothing we keep is different."""
        table = self.objects(resource.kind)
        return self._replace(table, table.get(resource.uid), resource, now_ms)

    def _replace(
        self, table: dict[str, Resource], old: Resource | None, resource: Resource, now_ms: int
    ) -> Change | None:
        if old is not None and old.version == resource.version:
            return None
        if resource.since_ms is None:
            resource = msgspec.structs.replace(resource, since_ms=_since(old, resource, now_ms))
        if old is not None:
            # The table keeps its key: a second copy of the uid would be 96 bytes for each that changed.
            msgspec.structs.force_setattr(resource, "uid", old.uid)
        table[resource.uid] = resource
        if old is not None and _same(old, resource):
            return None
        self._settle(old, resource)
        return Change(resource.kind, resource.uid, resource, keeps_place(old, resource))

    def put_newer(self, resource: Resource, now_ms: int) -> Change | None:
        """Take in what a watch says, unless it is older than what is known.

        Versions are opaque but for one thing: since 1.35 later ones are larger numbers, and every
        API server on etcd has always done so. Where they are no numbers, the watch is believed.
        """
        table = self.objects(resource.kind)
        old = table.get(resource.uid)
        if old is not None and is_older(resource.version, old.version):
            return None
        return self._replace(table, old, resource, now_ms)

    def remove(self, kind: str, uid: str) -> Change | None:
        """Forget one object; None where it was not known."""
        old = self._objects.setdefault(kind, {}).pop(uid, None)
        if old is None:
            return None
        self._settle(old, None)
        return Change(kind, uid, None)

    def remove_absent(self, kind: str, present: set[str]) -> list[Change]:
        """After a whole list: forget every object of the kind that is not among `present`."""
        absent = [uid for uid in self.objects(kind) if uid not in present]
        return [change for uid in absent if (change := self.remove(kind, uid))]

    def restore(self, resources: Iterable[Resource]) -> None:
        """Take in what was stored, without a change of anything."""
        for resource in resources:
            self._objects.setdefault(resource.kind, {})[resource.uid] = resource
            self._settle(None, resource)

    def turn(self, now_ms: int) -> list[Change]:
        """The changes that time alone has brought by now, such as a start that takes too long."""
        changes: list[Change] = []
        while self._turns and self._turns[0][0] <= now_ms:
            _, kind, uid = heapq.heappop(self._turns)
            old = self.objects(kind).get(uid)
            if old is None:
                continue
            new = turned(old, now_ms)
            if new is old:
                continue
            self._objects[kind][uid] = new
            self._settle(old, new)
            changes.append(Change(kind, uid, new, keeps_place=True))
        return changes

    def next_turn_ms(self) -> int | None:
        """When the next verdict changes by itself."""
        return self._turns[0][0] if self._turns else None

    def set_node_usage(self, usage: NodeUsage, *, at_ms: int | None, state: KindState) -> None:
        """Take in one reading of what the nodes use; an empty one makes usage unknown."""
        self._node_usage = usage
        self._used_sums = None
        self.usage_at_ms = at_ms
        self.usage_state = state

    def node_usage(self) -> NodeUsage:
        """What each node used at the last reading."""
        return self._node_usage

    def summary(self) -> Summary:
        """The totals now."""
        totals = self.totals
        causes, causes_total = self._current_causes()
        return Summary(
            version=self.version,
            nodes=_copy(totals.by_kind.get("Node")),
            nodes_ready=totals.nodes_ready,
            nodes_cordoned=totals.nodes_cordoned,
            pods=_copy(totals.by_kind.get("Pod")),
            workloads=_copy(totals.workloads),
            by_kind={kind: _copy(counts) for kind, counts in totals.by_kind.items()},
            cpu=self._cpu(),
            memory=self._memory(),
            usage_state=self.usage_state,
            usage_at_ms=self.usage_at_ms,
            causes=causes,
            causes_total=causes_total,
            kinds=dict(self.kinds),
            node_strip=self._strip(),
            clock_skew_seconds=self.clock_skew_seconds,
        )

    def _settle(self, old: Resource | None, new: Resource | None) -> None:
        """Keep sums, causes, strip and turns in step with one object's change."""
        self.totals.replace(old, new)
        self._causes.replace(old, new)
        if self._heed is not None:
            self._heed(old, new)
        one = new or old
        if one is not None and one.kind == "Node":
            self._node_strip = self._used_sums = None
        if new is not None and new.turns:
            heapq.heappush(self._turns, (new.turns[0].at_ms, new.kind, new.uid))

    def _current_causes(self) -> tuple[list[Cause], int]:
        if self.totals.nodes_ready == len(self.objects("Node")):
            return self._causes.rows(CAUSES_SHOWN, unready_nodes=(), shaken=frozenset())
        unready = [one for one in self.objects("Node").values() if not getattr(one, "is_ready", True)]
        return self._causes.rows(CAUSES_SHOWN, unready_nodes=unready, shaken=self._workloads_on(unready))

    def _workloads_on(self, nodes: list[Resource]) -> set[tuple[str, str]]:
        """The workloads with a pod on one of these nodes."""
        names = {node.name for node in nodes}
        if not names:
            return set()
        pods = self.objects("Pod").values()
        return {(pod.namespace, pod.workload) for pod in pods if pod.node in names and pod.workload}

    def _strip(self) -> str:
        if self._node_strip is None:
            nodes = sorted(self.objects("Node").values(), key=lambda node: node.name)
            self._node_strip = "".join(node.health[0] for node in nodes)
        return self._node_strip

    def _cpu(self) -> Cpu:
        totals = self.totals
        used = self._used()[0]
        return Cpu(
            used_cores=None if used is None else round(used, 3),
            requested_cores=totals.requested.milli / 1000 if self._knows("Pod") else None,
            allocatable_cores=totals.allocatable_milli / 1000 if self._knows_allocatable() else None,
        )

    def _memory(self) -> Memory:
        used = self._used()[1]
        return Memory(
            used_bytes=None if used is None else int(used),
            requested_bytes=self.totals.requested.bytes if self._knows("Pod") else None,
            allocatable_bytes=self.totals.allocatable_bytes if self._knows_allocatable() else None,
        )

    def _used(self) -> tuple[float | None, float | None]:
        """CPU and memory used by the nodes that are Ready; unknown where one of them does not report."""
        if self.usage_at_ms is None or not self._knows("Node"):
            return None, None
        if self._used_sums is None:
            self._used_sums = self._used_of(0), self._used_of(1)
        return self._used_sums

    def _used_of(self, part: int) -> float | None:
        total = 0.0
        for node in self.objects("Node").values():
            if not getattr(node, "is_ready", False):
                continue
            value = self._node_usage.get(node.name, (None, None))[part]
            if value is None:
                return None
            total += value
        return total

    def _knows(self, kind: str) -> bool:
        """Whether this kind was ever listed: one that is refused or fails is unknown, not none."""
        state = self.kinds.get(kind, _SYNCING).state
        return state in ("live", "stale") or bool(state == "refused" and self._objects.get(kind))

    def _knows_allocatable(self) -> bool:
        return self._knows("Node") and self.totals.allocatable_unknown == 0


_SYNCING = KindState("syncing")


def is_older(version: str, than: str) -> bool:
    """Whether a resource version is certainly older than another."""
    return version.isdecimal() and than.isdecimal() and int(version) < int(than)


def _since(old: Resource | None, new: Resource, now_ms: int) -> int | None:
    if old is not None and (old.health, old.reason) == (new.health, new.reason):
        return old.since_ms
    return new.created_ms if old is None and new.health == HEALTHY else now_ms


def _same(old: Resource, new: Resource) -> bool:
    if old.since_ms != new.since_ms or old.health != new.health:
        return False  # As with most changes: then no copy has to be made to compare with.
    return msgspec.structs.replace(old, version=new.version) == new


def _copy(counts: HealthCounts | None) -> HealthCounts:
    return msgspec.structs.replace(counts) if counts is not None else HealthCounts()
