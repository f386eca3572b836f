"""Every rule of the rulebook: what it finds, and what it leaves alone although it looks alike."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from clusters.mirror.line import UNREACHABLE, Line
from clusters.state.resource import Resource
from clusters.state.summary import KindState
from metrics.alerts import wording
from metrics.alerts.fields import CLUSTER
from metrics.alerts.rules import PORTAL, rulebook
from tests.clusters.kinds.objects import a_condition, ago, an_object
from tests.metrics.alerts.matched import Watched, key, rules_that_find

DAY_MS = 86_400_000


def a_pod(
    name: str = "web-1", *, phase: str = "Running", state: Any = None, last: Any = None, ready: bool = False,
    restarts: int = 0, owner: str = "ReplicaSet", node: str = "node-1", conditions: Any = None, **status: Any,
) -> Any:  # fmt: skip
    """A pod with one container, made a day ago."""
    container = {
        "name": "app", "image": "shop/web:2", "ready": ready, "restartCount": restarts,
        "state": state or {"running": {"startedAt": ago(30)}}, "lastState": last,
    }  # fmt: skip
    metadata = {
        "name": name, "uid": name, "resourceVersion": str(restarts + 1),
        "ownerReferences": [{"kind": owner, "name": "web", "controller": True}],
        **status.pop("metadata", {}),
    }  # fmt: skip
    conditions = conditions or [a_condition("Ready", "True" if ready else "False")]
    statuses = [container] if status.pop("has_started", True) else []
    return an_object(
        "Pod", metadata,
        spec={"containers": [{"name": "app", "resources": {"limits": {"memory": "1Gi"}}}], "nodeName": node},
        status={"phase": phase, "containerStatuses": statuses, "conditions": conditions, **status},
    )  # fmt: skip


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """A container that waits for this reason."""
    return {"waiting": {"reason": reason, "message": message}}


def ended(reason: str, minutes: float = 1, exit_code: int = 137) -> dict[str, Any]:
    """A container that ended so many minutes ago."""
    return {"terminated": {"reason": reason, "exitCode": exit_code, "finishedAt": ago(minutes)}}


def a_pending_pod(*, state: Any = None, **more: Any) -> Any:
    """A pod that has not started."""
    return a_pod(phase="Pending", state=state or waiting("ContainerCreating"), **more)


def unscheduled(reason: str = "Unschedulable", **more: Any) -> Any:
    """A pod that is on no node."""
    message = "0/3 nodes are available: 3 Insufficient cpu."
    scheduled = a_condition("PodScheduled", "False", 10, reason=reason, message=message)
    return a_pending_pod(node="", conditions=[scheduled], has_started=False, **more)


def a_deployment(*conditions: Any, counts: tuple[int, int, int, int] = (3, 3, 3, 3), **metadata: Any) -> Any:
    """A Deployment of three; `counts` are replicas, updated, ready, available."""
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    status = {
        "observedGeneration": 1,
        "conditions": list(conditions),
        **dict(zip(names, counts, strict=True)),
    }
    annotations = {"deployment.kubernetes.io/revision": "4"}
    return an_object(
        "Deployment", {"annotations": annotations, **metadata}, spec={"replicas": 3}, status=status
    )


def a_stateful_set(*, spec: Any = None, metadata: Any = None, **status: Any) -> Any:
    """A StatefulSet of three."""
    whole = {
        "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
        "updatedReplicas": 3, "currentRevision": "a", "updateRevision": "a", **status,
    }  # fmt: skip
    return an_object("StatefulSet", metadata, spec={"replicas": 3, **(spec or {})}, status=whole)


def a_daemon_set(*, spec: Any = None, **status: Any) -> Any:
    """A DaemonSet that fits four nodes."""
    whole = {
        "observedGeneration": 1, "desiredNumberScheduled": 4, "currentNumberScheduled": 4,
        "numberReady": 4, "numberAvailable": 4, "updatedNumberScheduled": 4, **status,
    }  # fmt: skip
    return an_object("DaemonSet", spec=spec or {}, status=whole)


def a_job(*conditions: Any, hours: float = 1, active: int = 1) -> Any:
    """A Job that started so many hours ago."""
    status = {"startTime": ago(hours * 60), "active": active, "conditions": list(conditions)}
    return an_object("Job", spec={"completions": 1}, status=status)


def a_node(*conditions: Any, name: str = "node-1", ready: str = "True", **parts: Any) -> Any:
    """A node of 4 cores, 16 GiB and 3 pods."""
    spec = {"unschedulable": parts.pop("cordoned", False), "taints": parts.pop("taints", [])}
    offered = {"cpu": "4", "memory": "16Gi", "pods": "3", **parts.pop("offers", {})}
    said = [a_condition("Ready", ready, message="kubelet stopped"), *conditions]
    info = {"kubeletVersion": parts.pop("version", "v1.36.1")}
    metadata = {"name": name, "uid": name, "namespace": None, **parts}
    status = {"conditions": said, "allocatable": offered, "nodeInfo": info}
    return an_object("Node", metadata, spec=spec, status=status)


def a_namespace(phase: str, *conditions: Any) -> Any:
    """A namespace."""
    gone = ago(20) if phase == "Terminating" else None
    metadata = {"name": "old", "namespace": None, "deletionTimestamp": gone}
    return an_object("Namespace", metadata, status={"phase": phase, "conditions": list(conditions)})


def pods_on(node: str, count: int, **more: Any) -> list[Resource]:
    """So many pods on one node."""
    return [a_pod(f"pod-{index}", node=node, ready=True, **more) for index in range(count)]


UNREACHABLE_TAINT = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}
AUTOSCALER_TAINT = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}
SPOT_TAINTS = (
    {"key": "cloud.google.com/impending-node-termination", "effect": "NoSchedule"},
    {"key": "aws-node-termination-handler/spot-itn", "effect": "NoExecute"},
)
STUCK = a_condition("Progressing", "False", reason="ProgressDeadlineExceeded")
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
PARTITION = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
NEWER = {"updateRevision": "b", "updatedReplicas": 1}
EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "low on memory", "ready": False}
CRASHING = waiting("CrashLoopBackOff")
PULLING = waiting("ImagePullBackOff", "not found")

FINDS: dict[str, list[Any]] = {
    "pod-crash-looping": [a_pod(state=CRASHING), a_pod(state=CRASHING, owner="Job")],
    "pod-not-ready": [
        a_pending_pod(), a_pod(), unscheduled(), a_pod(state=CRASHING), a_pod(phase="Unknown", ready=True),
        # The node's controller says that it is not ready while its container still says it is.
        a_pod(ready=True, conditions=[a_condition("Ready", "False")]),
    ],
    "container-waiting": [
        a_pending_pod(), a_pending_pod(state=waiting("CreateContainerConfigError")),
        a_pending_pod(state=PULLING),
        a_pending_pod(initContainerStatuses=[{"name": "init", "state": {"running": {"startedAt": ago(70)}}}]),
    ],
    "pod-out-of-memory": [
        a_pod(ready=True, last=ended("OOMKilled")), a_pod(state=CRASHING, last=ended("OOMKilled")),
        a_pod(phase="Failed", state=ended("OOMKilled"), owner="Job"),
    ],
    "pod-image-pull-failing": [a_pending_pod(state=PULLING), a_pending_pod(state=waiting("ErrImagePull"))],
    "pod-unschedulable": [unscheduled()],
    "node-eviction": [a_pod(**EVICTED, state=ended("Error", 5))],
    "deployment-generation-mismatch": [a_deployment(generation=2)],
    "deployment-replicas-mismatch": [a_deployment(counts=(3, 3, 2, 2))],
    "deployment-rollout-stuck": [a_deployment(STUCK, counts=(3, 1, 2, 2))],
    "rollout-deadline-exceeded": [
        a_deployment(STUCK, counts=(3, 1, 2, 2)), a_deployment(STUCK, counts=(3, 1, 0, 0)),
    ],
    "stateful-set-generation-mismatch": [a_stateful_set(metadata={"generation": 2})],
    "stateful-set-replicas-mismatch": [a_stateful_set(readyReplicas=2), a_stateful_set(readyReplicas=4)],
    "stateful-set-update-not-rolled-out": [a_stateful_set(**NEWER)],
    "daemon-set-rollout-stuck": [
        a_daemon_set(updatedNumberScheduled=3), a_daemon_set(numberAvailable=3),
        a_daemon_set(numberMisscheduled=1), a_daemon_set(currentNumberScheduled=3),
    ],
    "daemon-set-not-scheduled": [a_daemon_set(currentNumberScheduled=3)],
    "daemon-set-misscheduled": [a_daemon_set(numberMisscheduled=1)],
    "job-not-completed": [a_job(hours=12)],
    "job-failed": [a_job(a_condition("Failed", "True", reason="BackoffLimitExceeded"), active=0)],
    "node-not-ready": [a_node(ready="False"), a_node(ready="Unknown")],
    "node-pressure": [
        a_node(a_condition(type_, "True")) for type_ in ("MemoryPressure", "DiskPressure", "PIDPressure")
    ],
    "node-unreachable": [a_node(ready="Unknown", taints=[UNREACHABLE_TAINT])],
    "namespace-stuck-terminating": [a_namespace("Terminating")],
}  # fmt: skip

LEAVES: dict[str, dict[str, Any]] = {
    "pod-crash-looping": {"another reason": a_pending_pod(state=PULLING), "it runs": a_pod(ready=True)},
    "pod-not-ready": {
        "of a Job": a_pending_pod(owner="Job"),
        "gated": unscheduled("SchedulingGated"),
        "ready": a_pod(ready=True),
        "completed": a_pod(phase="Succeeded", state=ended("Completed", exit_code=0)),
        "failed": a_pod(phase="Failed", state=ended("Error")),
        "ready again after a restart": a_pod(ready=True, last=ended("Error")),
    },
    "container-waiting": {"in back-off": a_pod(state=CRASHING), "on no node": unscheduled()},
    "pod-out-of-memory": {
        "long ago": a_pod(ready=True, last=ended("OOMKilled", 31)),
        "long ago, of a Job": a_pod(phase="Failed", state=ended("OOMKilled", 31), owner="Job"),
        "another end": a_pod(ready=True, last=ended("Error")),
    },
    "pod-image-pull-failing": {"creating": a_pending_pod(), "crashing": a_pod(state=CRASHING)},
    "pod-unschedulable": {"gated": unscheduled("SchedulingGated"), "on a node": a_pending_pod()},
    "node-eviction": {
        "long ago": a_pod(**EVICTED, state=ended("Error", 16)),
        "failed by itself": a_pod(phase="Failed", state=ended("Error")),
    },
    "deployment-generation-mismatch": {"seen": a_deployment(generation=1)},
    "deployment-replicas-mismatch": {"all there": a_deployment()},
    "deployment-rollout-stuck": {
        "moving": a_deployment(a_condition("Progressing", "True"), counts=(3, 1, 2, 2)),
        "paused": a_deployment(a_condition("Progressing", "Unknown", reason="DeploymentPaused")),
    },
    "rollout-deadline-exceeded": {"moving": a_deployment(a_condition("Progressing", "True"))},
    "stateful-set-generation-mismatch": {"seen": a_stateful_set()},
    "stateful-set-replicas-mismatch": {"all there": a_stateful_set()},
    "stateful-set-update-not-rolled-out": {
        "done": a_stateful_set(),
        "as far as its partition": a_stateful_set(spec=PARTITION, **NEWER),
        "only on deletion": a_stateful_set(spec=ON_DELETE, **NEWER),
    },
    "daemon-set-rollout-stuck": {
        "done": a_daemon_set(),
        "only on deletion": a_daemon_set(spec=ON_DELETE, updatedNumberScheduled=3),
    },
    "daemon-set-not-scheduled": {"all there": a_daemon_set()},
    "daemon-set-misscheduled": {"all in place": a_daemon_set()},
    "job-not-completed": {"not so long": a_job(hours=11.9), "over": a_job(hours=20, active=0)},
    "job-failed": {"running": a_job(), "complete": a_job(a_condition("Complete", "True"), active=0)},
    "node-not-ready": {"cordoned": a_node(ready="False", cordoned=True), "ready": a_node()},
    "node-pressure": {
        "cordoned": a_node(a_condition("DiskPressure", "True"), cordoned=True),
        "none": a_node(a_condition("DiskPressure", "False")),
        "unheard of": a_node(a_condition("DiskPressure", "Unknown")),
        "another condition": a_node(a_condition("KernelDeadlock", "True")),
    },
    "node-unreachable": {
        "taken away": a_node(ready="Unknown", taints=[UNREACHABLE_TAINT, AUTOSCALER_TAINT]),
        **{taint["key"]: a_node(taints=[UNREACHABLE_TAINT, taint]) for taint in SPOT_TAINTS},
        "pods are put off": a_node(taints=[{**UNREACHABLE_TAINT, "effect": "NoExecute"}]),
    },
    "namespace-stuck-terminating": {"active": a_namespace("Active")},
}


def _cases(table: dict[str, Any]) -> list[Any]:
    found = []
    for rule, objects in table.items():
        named = objects if isinstance(objects, dict) else dict(enumerate(objects))
        found += [pytest.param(rule, one, id=f"{rule}, {name}") for name, one in named.items()]
    return found


@pytest.mark.parametrize(("rule", "one"), _cases(FINDS))
def test_a_rule_finds(rule: str, one: Resource) -> None:
    assert rule in rules_that_find(one)


@pytest.mark.parametrize(("rule", "one"), _cases(LEAVES))
def test_a_rule_leaves_alone(rule: str, one: Resource) -> None:
    assert rule not in rules_that_find(one)


HEALTHY = [
    a_pod(ready=True), a_pod(phase="Succeeded", state=ended("Completed", exit_code=0)), a_node(),
    a_deployment(a_condition("Progressing", "True", reason="NewReplicaSetAvailable")), a_stateful_set(),
    a_daemon_set(), a_job(), a_namespace("Active"),
]  # fmt: skip


@pytest.mark.parametrize("one", HEALTHY, ids=lambda one: one.kind)
def test_nothing_is_found_of_what_is_well(one: Resource) -> None:
    assert rules_that_find(one) == set()


def test_a_deployment_that_rolls_out_is_short_of_replicas_by_design() -> None:
    watched = Watched().put(a_deployment(counts=(3, 2, 2, 2), uid="d")).after(5)
    watched.put(a_deployment(counts=(3, 3, 2, 2), uid="d", resourceVersion="8"))

    assert watched.found("deployment-replicas-mismatch") == []
    assert watched.after(9.9).found("deployment-replicas-mismatch") == []
    assert watched.after(0.1).found("deployment-replicas-mismatch") == ["web"]


MOVING: list[tuple[str, Callable[[int], Any], float]] = [
    ("stateful-set-replicas-mismatch", lambda n: a_stateful_set(readyReplicas=2, updatedReplicas=n), 10),
    ("stateful-set-update-not-rolled-out", lambda n: a_stateful_set(**{**NEWER, "updatedReplicas": n}), 5),
    ("daemon-set-rollout-stuck", lambda n: a_daemon_set(updatedNumberScheduled=n), 5),
]


@pytest.mark.parametrize(
    ("rule", "made", "minutes"), MOVING, ids=lambda case: case if isinstance(case, str) else ""
)
def test_a_set_whose_update_moves_is_not_stuck(rule: str, made: Callable[[int], Any], minutes: float) -> None:
    watched = Watched().put(made(1)).after(1)
    moved = made(2)
    watched.put(msgspec.structs.replace(moved, version="8"))

    assert watched.found(rule) == []
    assert watched.after(minutes - 0.1).found(rule) == []
    assert watched.after(0.1).found(rule) == ["web"]


def test_a_node_flaps_when_it_turned_more_than_twice_in_a_quarter_of_an_hour() -> None:
    watched = Watched()

    def turn(ready: str, version: int, **more: Any) -> Watched:
        return watched.put(a_node(ready=ready, resourceVersion=str(version), **more))

    turn("True", 1)
    for version, ready in enumerate(["False", "True"], start=2):
        watched.after(1)
        turn(ready, version)
    assert watched.found("node-readiness-flapping") == []

    watched.after(1)
    turn("False", 4)
    assert watched.found("node-readiness-flapping") == ["node-1"]
    assert watched.after(12.9).found("node-readiness-flapping") == ["node-1"]
    assert watched.after(0.1).found("node-readiness-flapping") == []


def test_a_cordoned_node_may_turn_as_often_as_it_likes() -> None:
    watched = Watched()
    for version in range(6):
        ready = "True" if version % 2 else "False"
        watched.put(a_node(ready=ready, resourceVersion=str(version + 1), cordoned=True)).after(1)

    assert watched.found("node-readiness-flapping") == []


def test_restarts_that_never_come_into_back_off_are_found_by_their_rate() -> None:
    watched = Watched().put(a_pod(ready=True))
    for restarts in range(1, 6):
        watched.after(11)
        watched.put(a_pod(ready=True, restarts=restarts, last=ended("Error", -11 * restarts)))
        assert watched.found("pod-restart-rate") == (["web-1"] if restarts == 5 else [])

    assert watched.after(15.9).found("pod-restart-rate") == ["web-1"]
    assert watched.after(0.1).found("pod-restart-rate") == []


def test_restarts_with_back_off_are_left_to_the_crash_loop() -> None:
    watched = Watched().put(a_pod(ready=True))
    watched.put(a_pod(restarts=8, state=CRASHING))

    assert watched.found("pod-restart-rate") == []
    assert watched.found("pod-crash-looping") == ["web-1"]


def test_a_node_is_full_above_its_share_of_pods() -> None:
    watched = Watched().put(a_node(), *pods_on("node-1", 2))
    assert watched.found("node-too-many-pods") == []

    third = a_pod("third", node="node-1", ready=True)
    watched.put(third)

    assert watched.match("node-too-many-pods").params["pods_running"] == 3
    watched.remove(third)
    assert watched.found("node-too-many-pods") == []


def test_pods_that_have_ended_do_not_fill_a_node() -> None:
    over = {"phase": "Succeeded", "state": ended("Completed", exit_code=0)}

    assert Watched().put(a_node(), *pods_on("node-1", 5, **over)).found("node-too-many-pods") == []


def test_a_node_for_a_single_pod_is_never_too_full() -> None:
    watched = Watched().put(a_node(offers={"pods": "1"}), *pods_on("node-1", 2))

    assert watched.found("node-too-many-pods") == []


def a_pod_that_asks(cpu: str, memory: str = "0") -> Any:
    """A pod with these requests."""
    requests = {"requests": {"cpu": cpu, "memory": memory}}
    spec = {"containers": [{"name": "app", "resources": requests}], "nodeName": "a"}
    ready = [{"name": "app", "ready": True, "state": {"running": {"startedAt": ago(5)}}}]
    status = {"phase": "Running", "containerStatuses": ready, "conditions": [a_condition("Ready", "True")]}
    return an_object("Pod", {"uid": f"{cpu} {memory}"}, spec=spec, status=status)


def nodes(count: int, control_plane: int = 0, **more: Any) -> list[Any]:
    """So many nodes of 4 cores and 16 GiB; some of them of the control plane."""
    labels = {"node-role.kubernetes.io/control-plane": ""}
    return [
        a_node(name=f"node-{index}", labels=labels if index < control_plane else {}, **more)
        for index in range(count)
    ]


OVERCOMMIT = [
    ("within what is left when the largest node dies", nodes(3), "8", False),
    ("beyond it", nodes(3), "8100m", True),
    ("the largest is another", [*nodes(2), a_node(name="big", offers={"cpu": "16"})], "8100m", True),
    ("one node alone has nothing to fall back on", nodes(1), "5", False),
    ("two of the control plane: all there is may be asked for", nodes(3, control_plane=2), "12", False),
    ("two of the control plane: and no more", nodes(3, control_plane=2), "12100m", True),
    ("three of the control plane outlive one", nodes(4, control_plane=3), "12100m", True),
]


@pytest.mark.parametrize(("why", "made", "cpu", "is_found"), OVERCOMMIT, ids=[case[0] for case in OVERCOMMIT])
def test_cpu_is_overcommitted_when_a_node_could_not_be_lost(
    why: str, made: list[Any], cpu: str, is_found: bool
) -> None:
    watched = Watched().put(*made, a_pod_that_asks(cpu))

    assert (key("cpu-overcommit") in watched.seen().matches) is is_found, why


@pytest.mark.parametrize(("memory", "is_found"), [("32Gi", False), ("33Gi", True)])
def test_memory_is_overcommitted_when_a_node_could_not_be_lost(memory: str, is_found: bool) -> None:
    watched = Watched().put(*nodes(3), a_pod_that_asks("0", memory))

    assert (key("memory-overcommit") in watched.seen().matches) is is_found


def test_a_node_that_goes_makes_the_rest_too_small() -> None:
    made = nodes(3)
    watched = Watched().put(*made, a_pod_that_asks("8"))
    watched.remove(made[0])

    match = watched.match("cpu-overcommit")
    assert (match.params["cpu_requested_cores"], match.params["cpu_safe_cores"]) == (8, 4)


@pytest.mark.parametrize(
    ("api_server", "kubelets", "versions"),
    [
        ("v1.36.3", ["v1.36.1", "v1.36.3-eks-1"], None),
        ("v1.37.0", ["v1.36.1"], "1.36, 1.37"),
        (None, ["v1.9.1", "v1.10.0"], "1.9, 1.10"),
        (None, ["", "nonsense"], None),
    ],
)
def test_versions_mismatch_when_there_is_more_than_one_minor(
    api_server: str | None, kubelets: list[str], versions: str | None
) -> None:
    made = [a_node(name=f"node-{index}", version=version) for index, version in enumerate(kubelets)]
    watched = Watched().put(*made)
    watched.mirror.version = api_server

    match = watched.seen().matches.get(key("version-mismatch"))

    assert (match and match.params["versions"]) == versions


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (None, set()), (8, set()), (6.9, {"credential-expiring"}),
        (0.9, {"credential-expiring", "credential-expiring-soon"}),
        (-1, {"credential-expiring", "credential-expiring-soon"}),
    ],
)  # fmt: skip
def test_a_credential_is_told_of_before_it_ends(days: float | None, found: set[str]) -> None:
    watched = Watched()
    if days is not None:
        watched.credential_expires_at_ms = watched.now_ms + round(days * DAY_MS)

    assert {one.rule for one in watched.seen().matches} == found


def test_a_credential_is_told_of_even_while_the_cluster_cannot_be_read() -> None:
    watched = Watched()
    watched.credential_expires_at_ms = watched.now_ms + 8 * DAY_MS
    watched.line = Line(state=UNREACHABLE, reason="timeout")
    watched.seen()
    assert watched.matching.next_due_ms == watched.now_ms + DAY_MS

    assert key("credential-expiring") in watched.after(24 * 60).seen().matches


@pytest.mark.parametrize(("state", "is_found"), [("live", False), ("stale", True), ("refused", True)])
def test_metrics_are_missing_when_they_cannot_be_read(state: str, is_found: bool) -> None:
    watched = Watched()
    watched.mirror.usage_state = KindState(state, reason="metrics_unavailable")

    assert (key("metrics-missing") in watched.seen().matches) is is_found


OTHERWISE = {
    "pod-restart-rate", "node-readiness-flapping", "node-too-many-pods", "cpu-overcommit",
    "memory-overcommit", "version-mismatch", "credential-expiring", "credential-expiring-soon",
    "metrics-missing", "cluster-unreachable",
}  # fmt: skip
"""Tried above, or in test_matching.py, with more than one object as it is."""


def test_every_rule_that_is_on_is_tried() -> None:
    on = {rule.id for rule in rulebook().values() if not rule.is_off and rule.about != PORTAL}

    assert FINDS.keys() | OTHERWISE == on
    assert LEAVES.keys() == FINDS.keys()


MIXIN = {
    "KubePodCrashLooping", "KubePodNotReady", "KubeDeploymentGenerationMismatch",
    "KubeDeploymentReplicasMismatch",
    "KubeDeploymentRolloutStuck", "KubeStatefulSetReplicasMismatch", "KubeStatefulSetGenerationMismatch",
    "KubeStatefulSetUpdateNotRolledOut", "KubeDaemonSetRolloutStuck", "KubeContainerWaiting",
    "KubeDaemonSetNotScheduled", "KubeDaemonSetMisScheduled", "KubeJobNotCompleted", "KubeJobFailed",
    "KubeHpaReplicasMismatch", "KubeHpaMaxedOut", "KubePdbNotEnoughHealthyPods", "KubeCPUOvercommit",
    "KubeMemoryOvercommit", "KubeCPUQuotaOvercommit", "KubeMemoryQuotaOvercommit", "KubeQuotaAlmostFull",
    "KubeQuotaFullyUsed", "KubeQuotaExceeded", "KubePersistentVolumeErrors", "KubeVersionMismatch",
    "KubeAggregatedAPIErrors", "KubeAggregatedAPIDown", "KubeNodeNotReady", "KubeNodePressure",
    "KubeNodeUnreachable", "KubeletTooManyPods", "KubeNodeReadinessFlapping", "KubeNodeEviction",
}  # fmt: skip
"""The 34 of kubernetes-mixin, as of August 2026, that the API alone can answer, whole or in part."""


def test_all_rules_of_the_mixin_that_the_api_can_answer_are_there_under_their_names() -> None:
    ours = [rule for rule in rulebook().values() if rule.source == "kubernetes-mixin"]

    assert {rule.name for rule in ours} == MIXIN
    assert len(ours) == len(MIXIN) == 34
    assert all(rule.runbook.endswith(rule.name.lower()) for rule in ours)


NOT_READ = (
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ResourceQuota",
    "PersistentVolume",
    "APIService",
)


def test_the_rules_that_are_off_are_those_whose_kind_is_not_read() -> None:
    off = [rule for rule in rulebook().values() if rule.is_off]

    assert len(off) == 11
    assert all(any(kind in rule.off_reason for kind in NOT_READ) for rule in off)
    assert all(not rule.needs.isdisjoint(NOT_READ) for rule in off)


@pytest.mark.parametrize("rule", rulebook().values(), ids=lambda rule: rule.id)
def test_every_text_can_be_told(rule: Any) -> None:
    params = dict.fromkeys(rule.params, 3)

    texts = [
        wording.sentence(rule, params), wording.sentence(rule, params, 5), wording.advice(rule, params),
        wording.command(rule, params),
    ]  # fmt: skip

    assert not any("{" in text or wording.UNKNOWN in text for text in texts)
    assert texts[0].endswith((".", ": 3")), "a sentence, or what the cluster says"
    if rule.about not in (CLUSTER, PORTAL):
        assert "5" in texts[1], "how many there are"
