"""What rules ask of a cluster as a whole."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clusters.kinds.node import Node
from metrics.alerts.whole import Capacity
from tests.builders import an_object

facts = st.fixed_dictionaries(
    {
        "cpu_cores": st.none() | st.sampled_from([4.0, 8.0, 64.0]),
        "memory_bytes": st.none() | st.sampled_from([16 << 30, 64 << 30]),
        "roles": st.sampled_from(["", "control-plane", "control-plane,etcd", "master", "worker"]),
        "kubelet_version": st.sampled_from(["", "v1.36.1", "v1.37.0-rc.1", "odd"]),
    }
)
steps = st.lists(st.tuples(st.sampled_from("abcde"), st.none() | facts), max_size=30)


@given(steps=steps)
def test_capacity_kept_node_by_node_is_that_of_the_nodes_there_are(steps: list[Any]) -> None:
    capacity, there = Capacity(), dict[str, Node]()
    for name, given_facts in steps:
        old = there.pop(name, None)
        new: Any = None if given_facts is None else an_object("Node", name, uid=name, **given_facts)
        if new is not None:
            there[name] = new
        if old is not None or new is not None:
            capacity.replace(old, new)

    nodes = list(there.values())
    ruling = [node for node in nodes if {"control-plane", "master"} & set(node.roles.split(","))]
    versions = {node.kubelet_version[1:5] for node in nodes if node.kubelet_version.startswith("v")}
    assert (capacity.nodes, capacity.control_plane_nodes) == (len(nodes), len(ruling))
    assert capacity.safe() == (
        _safe([node.cpu_cores for node in nodes], len(ruling)),
        _safe([node.memory_bytes for node in nodes], len(ruling)),
    )
    assert capacity.minors(None) == sorted(versions)


def _safe(offers: list[Any], ruling: int) -> float | None:
    """All there is where one or two nodes rule; else what is left when the largest dies."""
    if not offers or None in offers:
        return None
    return sum(offers) if ruling in (1, 2) else sum(offers) - max(offers)


def test_minor_versions_are_in_the_order_of_their_numbers() -> None:
    capacity = Capacity()
    for version in ("v1.10.0", "v1.9.3"):
        capacity.replace(None, an_object("Node", uid=version, kubelet_version=version))

    assert capacity.minors("v1.2.0") == ["1.2", "1.9", "1.10"]
