"""One row for one cause: what is wrong in a cluster, folded from the objects it shows in."""

from collections import defaultdict
from collections.abc import Iterable

from clusters.state.resource import CRITICAL, DEGRADED, HEALTHS, Resource
from clusters.state.summary import Cause

TROUBLE = (CRITICAL, DEGRADED)


def causes_of(troubled: Iterable[Resource]) -> list[Cause]:
    """The causes behind all critical and degraded objects of a cluster, worst and newest first.

    Nodes with the same reason are one cause. Pods count once, under their workload; those whose only
    trouble is a bad node are left to the node. A workload without a troubled pod speaks for itself.
    """
    by_kind: dict[str, list[Resource]] = defaultdict(list)
    for resource in troubled:
        by_kind[resource.kind].append(resource)
    nodes = by_kind.pop("Node", [])
    pods = by_kind.pop("Pod", [])
    others = [resource for kind in by_kind.values() for resource in kind]
    causes = [*_node_causes(nodes), *_workload_causes(pods, others, {node.name for node in nodes})]
    return sorted(causes, key=_order)


def _node_causes(nodes: list[Resource]) -> Iterable[Cause]:
    groups: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for node in nodes:
        groups[node.health, node.reason].append(node)
    for (health, reason), group in groups.items():
        name = group[0].name if len(group) == 1 else ""
        yield Cause(health, reason, "Node", "", name, "Node", len(group), _since(group), _message(group))


def _workload_causes(pods: list[Resource], others: list[Resource], bad_nodes: set[str]) -> Iterable[Cause]:
    groups: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for pod in pods:
        groups[pod.namespace, pod.workload or f"Pod/{pod.name}"].append(pod)
    owners = {(other.namespace, f"{other.kind}/{other.name}"): other for other in others}
    for key, group in groups.items():
        owner = owners.pop(key, None)
        if owner is None and all(pod.node in bad_nodes for pod in group):
            continue
        yield _pods_cause(key, group, owner)
    for owner in owners.values():
        if owner.workload and (owner.namespace, owner.workload) in groups:
            continue  # A ReplicaSet whose Deployment already has a row.
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
