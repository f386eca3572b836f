"""A measured fleet has as many pods as asked for, in little memory, and says when each change was sent."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusters.simulator.store import Store
from clusters.simulator.world.bulk import SENT_AT, BulkWorld, Size
from clusters.simulator.world.timeline import Timeline
from tests.simulated import simulated

START_MS = 1_795_266_000_000


@pytest.fixture(scope="module")
def fleet() -> Iterator[Any]:
    with simulated(fleet="bench", clusters=3, pods=105, nodes=5, workloads=10) as running:
        yield running


def built(size: Size) -> BulkWorld:
    world = BulkWorld(Store(), Timeline(START_MS), "seed", size)
    world.build(kube_system_uid="a", version="v1.36.3", zones=["a", "b"])
    return world


def test_each_cluster_has_what_was_asked_for_and_identities_of_its_own(fleet: Any) -> None:
    uids: set[str] = set()
    for cluster in fleet.clusters.values():
        pods = cluster.get("/api/v1/pods").json()["items"]
        uids |= {pod["metadata"]["uid"] for pod in pods}
        assert len(pods) == 105
        assert len(cluster.get("/api/v1/nodes").json()["items"]) == 5

    assert len(uids) == 3 * 105


def test_pods_belong_to_the_replica_sets_and_deployments_that_are_listed(fleet: Any) -> None:
    cluster = fleet.clusters["fleet-002"]
    pods = cluster.get("/api/v1/pods").json()["items"]
    sets = {one["metadata"]["uid"]: one for one in cluster.get("/apis/apps/v1/replicasets").json()["items"]}
    deployments = {one["metadata"]["uid"] for one in cluster.get("/apis/apps/v1/deployments").json()["items"]}

    assert {pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods} == set(sets)
    assert {one["metadata"]["ownerReferences"][0]["uid"] for one in sets.values()} == deployments


def test_a_pod_is_as_big_as_a_real_one() -> None:
    world = built(Size(pods=10, nodes=2, workloads=2))

    sizes = [len(stored.body()) for stored in world.store.listed("Pod")]

    assert 7_000 < min(sizes) <= max(sizes) < 9_500


def test_pods_of_one_workload_share_their_bytes() -> None:
    world = built(Size(pods=100, nodes=2, workloads=1))

    first, second, *_ = world.store.listed("Pod")
    shared = sum(len(one) for one, other in zip(first.pieces, second.pieces, strict=True) if one is other)
    assert shared > 0.9 * len(first.body())


def test_a_change_is_one_event_that_tells_when_it_was_sent(fleet: Any) -> None:
    cluster = fleet.clusters["fleet-001"]
    since = cluster.get("/api/v1/pods?limit=1").json()["metadata"]["resourceVersion"]
    before_ms = time.time() * 1000

    (sent,) = cluster.control.change()

    target = f"/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=1"
    with cluster.watch(target) as events:
        (event,) = list(events)
    pod = event["object"]
    assert event["type"] == "MODIFIED"
    assert f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" == sent["key"]
    assert before_ms <= float(pod["metadata"]["annotations"][SENT_AT]) <= time.time() * 1000
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1


def test_the_beat_is_steady_and_goes_round_the_clusters(fleet: Any) -> None:
    after = max((one["number"] for one in fleet.control.sent()), default=0)
    fleet.control.pace(100)
    deadline = time.monotonic() + 20
    while len(fleet.control.sent(after)) < 60 and time.monotonic() < deadline:
        time.sleep(0.05)
    fleet.control.pace(0)

    sent = fleet.control.sent(after)[:60]
    turns = [one["cluster"] for one in sent]
    assert turns[:3] != sorted({*turns[:3]})[:1] * 3
    assert all(turns[index] == turns[index + 3] for index in range(len(turns) - 3))
    # A busy machine may be late, but it never sends faster than asked.
    assert sent[-1]["sent_at_ms"] - sent[0]["sent_at_ms"] > 500


@pytest.mark.parametrize(("how", "is_ready"), [("ready", False), ("touch", True)])
def test_the_kind_of_change_can_be_picked(how: str, is_ready: bool, tmp_path: Path) -> None:
    world = built(Size(pods=1, nodes=1, workloads=1))

    event = world.change_one(how, START_MS)

    body = event.now.body()
    assert (b'"ready":true' in body) == is_ready
    assert b'"restartCount":0' in body


def test_usage_is_told_for_each_pod_and_moves() -> None:
    world = built(Size(pods=20, nodes=2, workloads=2))
    before = world.pod_usage()

    world.timeline.advance(START_MS + 15_000)

    assert before.keys() == {stored.key for stored in world.store.listed("Pod")}
    assert world.pod_usage() != before
