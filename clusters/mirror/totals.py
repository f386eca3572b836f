"""The sums of one cluster, kept by adding and taking away, never by counting anew."""

from clusters.state.resource import Resource
from clusters.state.summary import HealthCounts

WORKLOAD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})


class Requested:
    """What the pods of one node, namespace or cluster ask for.

    Whole milli-cores and bytes, so that adding and taking away leaves no crumbs.
    """

    __slots__ = ("bytes", "milli", "pods")

    def __init__(self) -> None:
        self.pods = 0
        self.milli = 0
        self.bytes = 0

    def add(self, pod: Resource, sign: int) -> None:
        """Count one pod in (sign 1) or out (-1)."""
        self.pods += sign
        self.milli += sign * round((pod.cpu_cores or 0.0) * 1000)
        self.bytes += sign * (pod.memory_bytes or 0)


class Totals:
    """Counts by kind and health, and requests by node, namespace and cluster.

    Requests count pods that are on a node and not finished, as `kubectl describe node` does.
    """

    def __init__(self) -> None:
        self.by_kind: dict[str, HealthCounts] = {}
        self.workloads = HealthCounts()
        self.by_namespace: dict[str, HealthCounts] = {}
        self.requested = Requested()
        self.requested_by_node: dict[str, Requested] = {}
        self.requested_by_namespace: dict[str, Requested] = {}
        self.restarts = 0
        self.allocatable_milli = 0
        self.allocatable_bytes = 0
        self.allocatable_unknown = 0
        self.nodes_ready = 0
        self.nodes_cordoned = 0

    def replace(self, old: Resource | None, new: Resource | None) -> None:
        """Take the old object out of the sums and put the new one in."""
        if old is not None and new is not None and _counts_alike(old, new):
            self._move_pod(old, new)
            return
        if old is not None:
            self._count(old, -1)
        if new is not None:
            self._count(new, 1)

    def _move_pod(self, old: Resource, new: Resource) -> None:
        """What nearly every change is: a pod that stays where it is and asks for what it asked for."""
        if old.health != new.health:
            for counts in (self.by_kind["Pod"], self.by_namespace[new.namespace]):
                counts.add(old.health, -1)
                counts.add(new.health)
        self.restarts += _restarts(new) - _restarts(old)

    def _count(self, resource: Resource, sign: int) -> None:
        counts = self.by_kind.get(resource.kind)
        if counts is None:
            counts = self.by_kind[resource.kind] = HealthCounts()
        counts.add(resource.health, sign)
        if resource.kind == "Pod":
            self._count_pod(resource, sign)
        elif resource.kind == "Node":
            self._count_node(resource, sign)
        elif resource.kind in WORKLOAD_KINDS and not (resource.kind == "Job" and resource.workload):
            self.workloads.add(resource.health, sign)

    def _count_pod(self, pod: Resource, sign: int) -> None:
        counts = self.by_namespace.get(pod.namespace)
        if counts is None:
            counts = self.by_namespace[pod.namespace] = HealthCounts()
        counts.add(pod.health, sign)
        self.restarts += sign * _restarts(pod)
        if not pod.node or getattr(pod, "is_finished", False):
            return
        self.requested.add(pod, sign)
        _entry(self.requested_by_node, pod.node).add(pod, sign)
        _entry(self.requested_by_namespace, pod.namespace).add(pod, sign)

    def _count_node(self, node: Resource, sign: int) -> None:
        if getattr(node, "is_ready", False):
            self.nodes_ready += sign
        if getattr(node, "is_cordoned", False):
            self.nodes_cordoned += sign
        if node.cpu_cores is None or node.memory_bytes is None:
            self.allocatable_unknown += sign
            return
        self.allocatable_milli += sign * round(node.cpu_cores * 1000)
        self.allocatable_bytes += sign * node.memory_bytes


def _counts_alike(old: Resource, new: Resource) -> bool:
    """Whether both are pods that differ in no sum but those of health and restarts."""
    return (
        old.kind == "Pod" == new.kind
        and old.node == new.node
        and old.namespace == new.namespace
        and old.cpu_cores == new.cpu_cores
        and old.memory_bytes == new.memory_bytes
        and getattr(old, "is_finished", False) == getattr(new, "is_finished", False)
    )


def _restarts(pod: Resource) -> int:
    return getattr(pod, "restarts", 0) or 0


def _entry(table: dict[str, Requested], key: str) -> Requested:
    entry = table.get(key)
    if entry is None:
        entry = table[key] = Requested()
    return entry
