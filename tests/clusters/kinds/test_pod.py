"""Pods: whose they are, how they are, and what is kept of them."""

import json
from typing import Any

import msgspec
import pytest

from clusters.kinds import encode_record, kind_named
from clusters.kinds.picture import resource_picture
from clusters.kinds.pod import Pod
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHY, PENDING, SILENCED, turned

KIND = kind_named("Pod")
NOW = "2026-11-21T10:00:00Z"
NOW_MS = 1795255200000
MINUTE_MS = 60_000
RUNNING = {"running": {"startedAt": "2026-11-21T09:00:00Z"}}


def a_pod(
    phase: str = "Running",
    statuses: list[dict[str, Any]] | None = None,
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> Pod:
    """A pod as read at NOW, made 20 minutes before."""
    item = {
        "metadata": {
            "name": "web-1", "namespace": "shop", "uid": "u1", "resourceVersion": "7",
            "creationTimestamp": "2026-11-21T09:40:00Z", **(metadata or {}),
        },
        "spec": {"containers": [{"name": "app"}], "nodeName": "node-1", **(spec or {})},
        "status": {"phase": phase, "containerStatuses": statuses or [], **status},
    }  # fmt: skip
    return KIND.read(msgspec.json.decode(json.dumps(item), type=KIND.api_object), NOW_MS)  # type: ignore[return-value]


def a_container(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "app", "state": state, **more}


def a_condition(type_: str, status: str, at: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "status": status, "lastTransitionTime": at, **more}


READY = [a_condition("Ready", "True", "2026-11-21T09:41:00Z")]


def test_a_ready_pod_is_healthy_since_it_became_ready() -> None:
    pod = a_pod(statuses=[a_container(RUNNING, ready=True)], conditions=READY)

    assert (pod.health, pod.reason, pod.since_ms, pod.turns) == (HEALTHY, "", NOW_MS - 19 * MINUTE_MS, ())
    assert pod.container is None


def test_a_crash_loop_is_degraded_and_says_how_it_last_ended() -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-21T09:58:00Z"}}
    pod = a_pod(statuses=[a_container(waiting, restartCount=6, lastState=ended)])

    assert (pod.health, pod.reason, pod.status) == (DEGRADED, "CrashLoopBackOff", "CrashLoopBackOff")
    assert pod.since_ms == NOW_MS - 2 * MINUTE_MS
    picture = resource_picture(pod, now_ms=NOW_MS)
    assert picture["restarts"] == 6
    assert picture["container"] == {
        "name": "app", "state": "waiting", "reason": "CrashLoopBackOff", "message": "back-off 5m0s",
        "last_reason": "OOMKilled", "last_exit_code": 137, "last_finished_at": "2026-11-21T09:58:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    "reason", ["ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError", "Brandnew"]
)
def test_a_container_that_cannot_start_is_degraded_at_once(reason: str) -> None:
    pod = a_pod("Pending", [a_container({"waiting": {"reason": reason}})])

    assert (pod.health, pod.reason) == (DEGRADED, reason)


def test_a_start_is_pending_and_after_five_minutes_a_fault() -> None:
    scheduled = [a_condition("PodScheduled", "True", "2026-11-21T09:58:00Z")]
    pod = a_pod("Pending", [a_container({"waiting": {"reason": "ContainerCreating"}})], conditions=scheduled)

    assert (pod.health, pod.reason) == (PENDING, "ContainerCreating")
    assert turned(pod, NOW_MS + 3 * MINUTE_MS - 1).health == PENDING
    late = turned(pod, NOW_MS + 3 * MINUTE_MS)
    assert (late.health, late.reason, late.since_ms) == (DEGRADED, "ContainerCreating", pod.since_ms)


def test_a_pod_without_a_node_is_a_fault_after_fifteen_seconds() -> None:
    at = "2026-11-21T09:59:50Z"
    unscheduled = a_condition("PodScheduled", "False", at, reason="Unschedulable", message="0/3 nodes fit")
    pod = a_pod("Pending", conditions=[unscheduled])

    assert (pod.health, pod.reason, pod.message) == (PENDING, "Unschedulable", "0/3 nodes fit")
    assert turned(pod, NOW_MS + 5_000).health == DEGRADED


def test_a_gated_pod_is_held_on_purpose() -> None:
    gated = a_condition("PodScheduled", "False", NOW, reason="SchedulingGated")

    assert a_pod("Pending", conditions=[gated]).health == SILENCED


def test_a_pod_may_be_unready_for_ten_minutes() -> None:
    unready = [a_condition("Ready", "False", "2026-11-21T09:55:00Z")]
    pod = a_pod(statuses=[a_container(RUNNING, ready=False)], conditions=unready)

    assert (pod.health, pod.reason, pod.status) == (PENDING, "NotReady", "Running")
    assert turned(pod, NOW_MS + 5 * MINUTE_MS).health == DEGRADED
    long = [a_condition("Ready", "False", "2026-11-21T09:45:00Z")]
    assert a_pod(statuses=[a_container(RUNNING)], conditions=long).health == DEGRADED


def test_pods_restarted_in_the_same_second_share_what_time_will_bring() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-21T09:57:01Z"}}
    container = a_container(RUNNING, ready=True, restartCount=1, lastState=ended)
    one, other = (a_pod(statuses=[container], conditions=READY, metadata={"uid": uid}) for uid in "ab")

    assert one.turns and one.turns is other.turns


def test_a_restart_is_held_against_a_pod_for_an_hour() -> None:
    ended = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-21T09:30:00Z"}}
    one = a_container(RUNNING, ready=True, restartCount=1, lastState=ended)
    pod = a_pod(statuses=[one], conditions=READY)

    assert (pod.health, pod.reason) == (DEGRADED, "OOMKilled")
    assert turned(pod, NOW_MS + 30 * MINUTE_MS).health == HEALTHY


def test_a_pod_goes_away_in_time_or_is_stuck() -> None:
    pod = a_pod(metadata={"deletionTimestamp": "2026-11-21T10:00:10Z"})

    assert (pod.health, pod.status) == (PENDING, "Terminating")
    assert turned(pod, NOW_MS + MINUTE_MS).reason == "StuckTerminating"
    old = a_pod(metadata={"deletionTimestamp": "2026-11-21T09:00:00Z"})
    assert (old.health, old.reason, old.status) == (DEGRADED, "StuckTerminating", "Terminating")
    assert a_pod(metadata={"deletionTimestamp": "9999-12-31T23:59:59Z"}).health == PENDING


def test_what_has_ended_well_is_healthy_and_finished() -> None:
    pod = a_pod("Succeeded", [a_container({"terminated": {"exitCode": 0, "reason": "Completed"}})])

    assert (pod.health, pod.status, pod.is_finished) == (HEALTHY, "Completed", True)


def test_a_failed_pod_is_degraded_unless_a_job_looks_after_it() -> None:
    statuses = [a_container({"terminated": {"exitCode": 3, "reason": "Error"}})]
    job = {"ownerReferences": [{"kind": "Job", "name": "import", "controller": True}]}

    assert (a_pod("Failed", statuses).health, a_pod("Failed", statuses).reason) == (DEGRADED, "Error")
    assert a_pod("Failed", statuses, metadata=job).health == HEALTHY


def test_an_evicted_pod_is_forgiven_after_an_hour() -> None:
    pod = a_pod("Failed", reason="Evicted", message="low on memory", startTime="2026-11-21T09:40:00Z")

    assert (pod.health, pod.reason, pod.message) == (DEGRADED, "Evicted", "low on memory")
    assert turned(pod, NOW_MS + 40 * MINUTE_MS).health == HEALTHY


def test_a_pod_of_a_job_with_a_container_that_is_done_is_not_late() -> None:
    done = {"name": "main", "state": {"terminated": {"exitCode": 0}}}
    unready = [a_condition("Ready", "False", "2026-11-21T09:00:00Z")]
    pod = a_pod(statuses=[done, a_container(RUNNING, ready=True)], conditions=unready)

    assert pod.health == HEALTHY


def test_no_pod_is_ever_critical_by_itself() -> None:
    assert a_pod("Unknown").health == DEGRADED != CRITICAL


@pytest.mark.parametrize(
    ("owner", "template_hash", "workload"),
    [
        (
            {"kind": "ReplicaSet", "name": "web-5c7bc6fb48", "controller": True},
            "5c7bc6fb48",
            "Deployment/web",
        ),
        (
            {"kind": "ReplicaSet", "name": "web-other", "controller": True},
            "5c7bc6fb48",
            "ReplicaSet/web-other",
        ),
        ({"kind": "ReplicaSet", "name": "web-5c7b", "controller": True}, None, "ReplicaSet/web-5c7b"),
        ({"kind": "StatefulSet", "name": "db", "controller": True}, None, "StatefulSet/db"),
        ({"kind": "Job", "name": "import", "controller": False}, None, ""),
        (None, "5c7bc6fb48", ""),
    ],
)
def test_a_pod_belongs_to_its_workload(owner: object, template_hash: str | None, workload: str) -> None:
    labels = {"app": "web", **({"pod-template-hash": template_hash} if template_hash else {})}

    assert (
        a_pod(metadata={"labels": labels, "ownerReferences": [owner] if owner else None}).workload == workload
    )


def test_requests_and_limits_are_kept_and_an_absent_limit_is_unknown() -> None:
    resources = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    pod = a_pod(spec={"containers": [{"name": "app", "resources": resources}]})

    picture = resource_picture(pod, now_ms=NOW_MS, usage=(0.1, None))
    assert picture["cpu"] == {"used_cores": 0.1, "requested_cores": 0.25}
    assert picture["memory"] == {"used_bytes": None, "requested_bytes": 1 << 30}
    assert picture["limits"] == {"cpu_cores": None, "memory_bytes": 2 << 30}


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202egnp.exe", "🚀" * 60, "a b\nc"])
def test_a_strange_name_is_kept_as_it_is(name: str) -> None:
    assert a_pod(metadata={"name": name}).name == name


def test_hostile_texts_are_clipped_and_hold_no_nul() -> None:
    waiting = {"waiting": {"reason": "R\0" * 5_000, "message": "m\0" * 1_000_000}}
    pod = a_pod(statuses=[a_container(waiting)], message="x" * 1_000_000)

    assert pod.container is not None
    assert len(pod.container.message) == len(pod.message) == 1_000
    assert len(pod.reason) == 80
    assert len(encode_record(pod)) < 8_000
    assert b"\0\0" not in pod.reason.encode()
    assert "\0" not in pod.reason + pod.message + pod.status


def test_hostile_reasons_are_fit_to_keep_in_what_time_will_bring_too() -> None:
    unscheduled = a_condition("PodScheduled", "False", NOW, reason="y\0" * 500)

    made_now = {"creationTimestamp": NOW}
    for pod in (a_pod("x\0" * 500, metadata=made_now), a_pod("Pending", conditions=[unscheduled])):
        (turn,) = pod.turns
        assert len(turn.reason) == 80
        assert "\0" not in turn.reason


def test_the_image_of_a_container_in_trouble_is_kept() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff"}}

    pod = a_pod(phase="Pending", statuses=[a_container(waiting, image="registry.example/shop/web:2")])

    assert pod.container is not None
    assert pod.container.image == "registry.example/shop/web:2"
