"""Which alerts are told to nobody because the cause behind them is. Pure.

A lost cluster keeps its children quiet; a lost node what runs on it, and the workloads that are in trouble
nowhere else; an image that cannot be pulled, and a stuck roll-out, what else is wrong with the workload.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

REACHES = ("", "cluster", "node", "workload", "image")
"""What a rule's alerts keep quiet: nothing, the whole cluster, what runs on the node, the workload; an image,
the workload too, and even where a roll-out of it is stuck."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One open alert of one cluster, firing or last known to."""

    id: int
    group: int
    kind: str
    namespace: str
    name: str
    node: str = ""
    workload: str = ""
    reach: str = ""
    """Of its rule: one of REACHES."""


Workload = tuple[str, str]


def inhibitions(alerts: Iterable[Standing]) -> dict[int, int]:
    """The alerts of one cluster that are kept quiet: alert id to the id of the group that does it.

    Alerts of the same group never keep each other quiet: they are one message anyway.
    """
    alerts = list(alerts)
    by_reach: defaultdict[str, list[Standing]] = defaultdict(list)
    for one in alerts:
        by_reach[one.reach].append(one)
    cluster = min((one.group for one in by_reach["cluster"] if one.kind == "Cluster"), default=None)
    nodes = {one.name: one.group for one in by_reach["node"] if one.kind == "Node"}
    workloads = {_workload(one): one.group for one in (*by_reach["workload"], *by_reach["image"])}
    fallen = _only_on(nodes, alerts)
    found: dict[int, int] = {}
    for one in alerts:
        group = _quieted_by(one, cluster=cluster, nodes=nodes, workloads=workloads, fallen=fallen)
        if group is not None and group != one.group:
            found[one.id] = group
    return found


def _quieted_by(
    one: Standing,
    *,
    cluster: int | None,
    nodes: Mapping[str, int],
    workloads: Mapping[Workload, int],
    fallen: Mapping[Workload, int],
) -> int | None:
    if one.kind == "Cluster":
        return None if one.reach == "cluster" else cluster
    if cluster is not None or one.kind == "Node":
        return cluster
    if one.node in nodes:
        return nodes[one.node]
    key = _workload(one)
    if not one.node and key in fallen:
        return fallen[key]
    return workloads.get(key)


def _only_on(nodes: Mapping[str, int], alerts: Iterable[Standing]) -> dict[Workload, int]:
    """Workloads whose pods are in trouble on lost nodes and nowhere else, and by whose group."""
    places: defaultdict[Workload, set[str]] = defaultdict(set)
    for one in alerts:
        if one.kind == "Pod":
            places[_workload(one)].add(one.node)
    return {key: nodes[min(on)] for key, on in places.items() if on <= nodes.keys()}


def _workload(one: Standing) -> Workload:
    return one.namespace, one.workload or f"{one.kind}/{one.name}"
