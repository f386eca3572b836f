"""One row for one cause: what is wrong in a cluster, folded from the objects it shows in."""

from collections import defaultdict
from collections.abc import Iterable, Set

from clusters.state.resource import CRITICAL, DEGRADED, HEALTHS, Resource
from clusters.state.summary import Cause

TROUBLE = (CRITICAL, DEGRADED)


Key = tuple[str, str]
"""Namespace and `Kind/name` of a workload."""


def causes_of(
    troubled: Iterable[Resource], *, unready_nodes: Iterable[Resource] = (), shaken: Set[Key] = frozenset()
) -> list[Cause]:
    """The causes behind all critical and degraded objects of a cluster, worst and newest first.

    Nodes with the same reason are one cause. Pods count once, under their workload. What only a node
    brought down is left to the node: pods on it, and workloads without a troubled pod elsewhere
    (`shaken` are those with a pod on one of `unready_nodes`). A workload without a troubled pod speaks
    for itself otherwise.
    """
    by_kind: dict[str, list[Resource]] = defaultdict(list)
    for resource in troubled:
        by_kind[resource.kind].append(resource)
    nodes = {node.name: node for node in (*unready_nodes, *by_kind.pop("Node", []))}
    pods = by_kind.pop("Pod", [])
    others = [resource for kind in by_kind.values() for resource in kind]
    causes = list(_workload_causes(pods, others, set(nodes), shaken))
    folded = len(others) + len(pods) > sum(cause.count for cause in causes)
    blamed = [node for node in nodes.values() if folded or node.health in TROUBLE]
    return sorted([*_node_causes(blamed), *causes], key=_order)


def _node_causes(nodes: list[Resource]) -> Iterable[Cause]:
    """One row a reason. A node that is down for a moment only is in it for what it took along."""
    groups: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for node in nodes:
        groups[node.health, node.reason].append(node)
    for (health, reason), group in groups.items():
        name = group[0].name if len(group) == 1 else ""
        worst = health if health in TROUBLE else DEGRADED
        yield Cause(worst, reason, "Node", "", name, "Node", len(group), _since(group), _message(group))


def _workload_causes(
    pods: list[Resource], others: list[Resource], bad_nodes: Set[str], shaken: Set[Key]
) -> Iterable[Cause]:
    groups: dict[Key, list[Resource]] = defaultdict(list)
    for pod in pods:
        groups[pod.namespace, pod.workload or f"Pod/{pod.name}"].append(pod)
    owners = {(other.namespace, f"{other.kind}/{other.name}"): other for other in others}
    for key, group in groups.items():
        owner = owners.pop(key, None)
        if all(pod.node in bad_nodes for pod in group):
            continue
        yield _pods_cause(key, group, owner)
    for key, owner in owners.items():
        if key in shaken or (owner.namespace, owner.workload) in groups:
            continue  # A node's, or a ReplicaSet whose Deployment already has a row.
        yield Cause(
            owner.health, owner.reason, owner.kind, owner.namespace, owner.name, owner.kind, 1,
            owner.since_ms, _message([owner]),
        )  # fmt: skip


def _pods_cause(key: tuple[str, str], group: list[Resource], owner: Resource | None) -> Cause:
    namespace, workload = key
    kind, _, name = workload.partition("/")
    worst = min(group, key=lambda pod: (HEALTHS.index(pod.health), pod.since_ms or 0))
    everything = [*group, owner] if owner is not None else group
    health = min((resource.health for resource in everything), key=HEALTHS.index)
    return Cause(
        health, worst.reason, kind, namespace, name, "Pod", len(group), _since(everything), _message(group)
    )


def _since(group: list[Resource]) -> int | None:
    return min((resource.since_ms for resource in group if resource.since_ms is not None), default=None)


def _message(group: list[Resource]) -> str:
    return next((text for one in group if (text := getattr(one, "message", ""))), "")[:300]


def _order(cause: Cause) -> tuple[int, int, str, str, str]:
    return (HEALTHS.index(cause.health), -(cause.since_ms or 0), cause.kind, cause.namespace, cause.name)
