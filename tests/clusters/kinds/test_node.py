"""Nodes: ready or not, and what is said against them."""

import json
from typing import Any

import pytest

from clusters.kinds.node import NodeTaint
from clusters.kinds.picture import resource_picture
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHY, PENDING, turned
from tests.clusters.kinds.objects import MINUTE_MS, NOW_MS, a_condition, ago, an_object

READY = a_condition("Ready", "True")


def a_node(*conditions: dict[str, Any], metadata: dict[str, Any] | None = None, **parts: Any) -> Any:
    """A node with these conditions."""
    status = {
        "conditions": list(conditions), "allocatable": {"cpu": "3920m", "memory": "15Gi", "pods": "110"},
        "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}], **parts.pop("status", {}),
    }  # fmt: skip
    return an_object("Node", {"name": "node-1", **(metadata or {})}, status=status, **parts)


def test_a_ready_node_is_healthy_and_offers_what_is_allocatable() -> None:
    node = a_node(READY, a_condition("MemoryPressure", "False"))

    assert (node.health, node.reason, node.is_ready, node.status) == (HEALTHY, "", True, "Ready")
    assert (node.cpu_cores, node.memory_bytes, node.pods_allocatable) == (3.92, 15 << 30, 110)


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_is_not_ready_is_pending_for_two_minutes_and_then_critical(status: str) -> None:
    node = a_node(a_condition("Ready", status, 1.5, reason="NodeStatusUnknown", message="no heartbeat"))

    assert (node.health, node.reason, node.status, node.is_ready) == (PENDING, "NotReady", "NotReady", False)
    assert turned(node, NOW_MS + MINUTE_MS // 2 - 1).health == PENDING
    lost = turned(node, NOW_MS + MINUTE_MS // 2)
    assert (lost.health, lost.since_ms) == (CRITICAL, NOW_MS - 90_000)
    assert a_node(a_condition("Ready", status, 3)).health == CRITICAL
    assert node.message == "no heartbeat"


def test_a_node_that_never_reported_is_unknown_and_soon_critical() -> None:
    node = a_node(metadata={"creationTimestamp": ago(1)})

    assert (node.health, node.status, node.reason) == (PENDING, "Unknown", "Unknown")
    assert turned(node, NOW_MS + MINUTE_MS).health == CRITICAL


@pytest.mark.parametrize("type_", ["DiskPressure", "NetworkUnavailable", "KernelDeadlock", "NeverHeardOf"])
def test_a_condition_that_should_not_be_is_a_fault(type_: str) -> None:
    bad = a_condition(type_, "True", 5, reason="Because", message="it is")
    node = a_node(READY, bad)

    assert (node.health, node.reason, node.since_ms) == (DEGRADED, type_, NOW_MS - 5 * MINUTE_MS)
    assert resource_picture(node, now_ms=NOW_MS)["conditions"] == [
        {"type": type_, "status": "True", "reason": "Because", "message": "it is", "since": ago(5)}
    ]


def test_a_cordoned_node_is_healthy_and_says_so() -> None:
    node = a_node(READY, spec={"unschedulable": True})

    assert (node.health, node.reason, node.is_cordoned) == (HEALTHY, "cordoned", True)
    assert node.status == "Ready,SchedulingDisabled"


def test_a_node_in_maintenance_or_about_to_be_removed_is_in_motion() -> None:
    drained = a_node(READY, a_condition("DrainInProgress", "True"))
    removed = a_node(READY, spec={"taints": [{"key": "ToBeDeletedByClusterAutoscaler"}]})

    assert (drained.health, drained.reason) == (PENDING, "DrainInProgress")
    assert (removed.health, removed.reason) == (PENDING, "ToBeDeletedByClusterAutoscaler")


def test_roles_come_from_both_kinds_of_labels() -> None:
    labels = {
        "node-role.kubernetes.io/worker": "",
        "node-role.kubernetes.io/edge": "",
        "kubernetes.io/role": "gpu",
    }
    node = a_node(READY, metadata={"labels": labels})

    assert resource_picture(node, now_ms=NOW_MS)["roles"] == ["edge", "gpu", "worker"]


@pytest.mark.parametrize("cpu", [None, "", "lots", "-3"])
def test_an_amount_that_cannot_be_read_is_unknown(cpu: str | None) -> None:
    node = a_node(READY, status={"allocatable": {"cpu": cpu}})

    assert (node.cpu_cores, node.memory_bytes) == (None, None)
    picture = resource_picture(node, now_ms=NOW_MS)
    assert picture["cpu"] == {"used_cores": None, "allocatable_cores": None}


def test_a_node_with_a_thousand_conditions_keeps_a_few() -> None:
    node = a_node(
        READY, *[a_condition(f"Bad{number}", "True", message="x" * 10_000) for number in range(1_000)]
    )

    assert len(json.dumps(resource_picture(node, now_ms=NOW_MS))) < 50_000


def test_taints_are_kept_in_one_order_with_their_effect() -> None:
    unreachable = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
    odd = {"key": "b", "effect": None}

    one = an_object("Node", spec={"taints": [unreachable, odd, unreachable]})
    other = an_object("Node", spec={"taints": [odd, unreachable]})

    lost = NodeTaint("node.kubernetes.io/unreachable", "NoSchedule")
    assert one.taints == other.taints == (NodeTaint("b", ""), lost)
