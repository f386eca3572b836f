"""The demo's scenarios tell the story they promise, and tell it the same way each time."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clusters.simulator.cluster import Cluster
from clusters.simulator.scenario import DEMO, NoScenario, load, names
from clusters.simulator.served import STORED
from clusters.simulator.simulation import Settings, Simulation

START_MS = 1_795_266_000_000


def cluster_of(name: str, folder: Path, seed: int = 1) -> Cluster:
    settings = Settings(folder, seed=seed, start_ms=START_MS, frozen_at_seconds=0)
    return Simulation(settings).add(load(name))


def told(cluster: Cluster, kind: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(stored.body()) for stored in cluster.store.listed(kind)]


def waiting_reasons(cluster: Cluster) -> Counter[str]:
    statuses = [pod["status"].get("containerStatuses", [{}])[0] for pod in told(cluster, "Pod")]
    return Counter(one.get("state", {}).get("waiting", {}).get("reason", "") for one in statuses)


def everything(cluster: Cluster) -> dict[str, list[bytes]]:
    return {kind.kind: [one.body() for one in cluster.store.listed(kind.storage)] for kind in STORED}


@pytest.mark.parametrize("name", names())
def test_the_same_seed_and_start_tell_the_same_story(name: str, tmp_path: Path) -> None:
    first, second = cluster_of(name, tmp_path), cluster_of(name, tmp_path)

    first.advance(START_MS + 400_000)
    for seconds in range(0, 401, 7):
        second.advance(START_MS + seconds * 1000)
    second.advance(START_MS + 400_000)

    assert everything(first) == everything(second)
    assert first.api.usage.pod_usage() == second.api.usage.pod_usage()


def test_another_seed_tells_another_story(tmp_path: Path) -> None:
    assert everything(cluster_of("tiny", tmp_path)) != everything(cluster_of("tiny", tmp_path, seed=2))


@pytest.mark.parametrize("name", DEMO)
def test_a_demo_cluster_begins_whole_and_of_a_demo_size(name: str, tmp_path: Path) -> None:
    cluster = cluster_of(name, tmp_path)

    pods = told(cluster, "Pod")
    assert 5 <= len(told(cluster, "Node")) <= 40
    assert 60 <= len(pods) <= 600
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}


@pytest.mark.parametrize("name", DEMO)
def test_counts_of_workloads_are_those_of_their_pods(name: str, tmp_path: Path) -> None:
    cluster = cluster_of(name, tmp_path)
    cluster.advance(START_MS + 500_000)
    ready_by_owner: Counter[str] = Counter()
    for pod in told(cluster, "Pod"):
        conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
        if conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]:
            ready_by_owner[pod["metadata"]["ownerReferences"][0]["uid"]] += 1
    set_owner = {
        one["metadata"]["uid"]: one["metadata"]["ownerReferences"][0]["uid"]
        for one in told(cluster, "ReplicaSet")
    }

    for one in told(cluster, "ReplicaSet") + told(cluster, "StatefulSet"):
        assert one["status"].get("readyReplicas", 0) == ready_by_owner[one["metadata"]["uid"]]
    for one in told(cluster, "DaemonSet"):
        assert one["status"]["numberReady"] == ready_by_owner[one["metadata"]["uid"]]
    for one in told(cluster, "Deployment"):
        mine = [uid for uid, owner in set_owner.items() if owner == one["metadata"]["uid"]]
        assert one["status"].get("readyReplicas", 0) == sum(ready_by_owner[uid] for uid in mine)


def test_lost_nodes_are_unknown_and_their_pods_are_evicted(tmp_path: Path) -> None:
    cluster = cluster_of("node-lost", tmp_path)
    cluster.advance(START_MS + 240_000)

    lost = [node for node in told(cluster, "Node") if _ready(node) == "Unknown"]
    evicted = [pod for pod in told(cluster, "Pod") if "deletionTimestamp" in pod["metadata"]]
    assert {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in lost} == {"us-east-2b"}
    assert len(lost) == 6
    assert {pod["spec"]["nodeName"] for pod in evicted} == {node["metadata"]["name"] for node in lost}
    assert set(cluster.api.usage.node_usage()).isdisjoint(node["metadata"]["name"] for node in lost)


def test_a_crash_loop_raises_restarts_and_says_why(tmp_path: Path) -> None:
    cluster = cluster_of("crash-loop", tmp_path)
    cluster.advance(START_MS + 400_000)

    crashing = [
        pod for pod in told(cluster, "Pod") if pod["status"]["containerStatuses"][0]["restartCount"] > 2
    ]
    ends = Counter(
        pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["reason"] for pod in crashing
    )
    assert ends["OOMKilled"] >= 15
    assert waiting_reasons(cluster)["CrashLoopBackOff"] >= 15
    repeated = [one for one in told(cluster, "Event") if one["reason"] == "BackOff"]
    assert max(one["count"] for one in repeated) > 2


def test_a_stuck_roll_out_ends_with_its_deadline_and_keeps_serving(tmp_path: Path) -> None:
    cluster = cluster_of("rollout-stuck", tmp_path)
    cluster.advance(START_MS + 700_000)

    gateway = next(one for one in told(cluster, "Deployment") if one["metadata"]["name"] == "payment-gateway")
    reasons = {one["type"]: one["reason"] for one in gateway["status"]["conditions"]}
    search = next(one for one in told(cluster, "Deployment") if one["metadata"]["name"] == "search-api")
    assert reasons["Progressing"] == "ProgressDeadlineExceeded"
    assert gateway["status"]["readyReplicas"] >= 5
    assert waiting_reasons(cluster)["ImagePullBackOff"] >= 2
    assert search["status"]["updatedReplicas"] == search["status"]["readyReplicas"] == 6


def test_a_cluster_that_fills_up_uses_more_memory_until_pods_find_no_room(tmp_path: Path) -> None:
    cluster = cluster_of("filling-up", tmp_path)
    before = _used_mib(cluster)
    cluster.advance(START_MS + 900_000)

    conditions = [one for pod in told(cluster, "Pod") for one in pod["status"]["conditions"]]
    homeless = [one for one in conditions if one.get("reason") == "Unschedulable"]
    assert _used_mib(cluster) > before * 1.2
    assert homeless
    assert "Insufficient memory" in homeless[0]["message"]


def test_a_scenario_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NoScenario, match=r"'no-such'.*calm"):
        load("no-such")


def _ready(node: dict[str, Any]) -> str:
    return str(next(one["status"] for one in node["status"]["conditions"] if one["type"] == "Ready"))


def _used_mib(cluster: Cluster) -> float:
    readings = [msgspec.json.decode(one) for one in cluster.api.usage.node_usage().values()]
    return sum(int(one["usage"]["memory"].removesuffix("Ki")) for one in readings) / 1024
