"""A pod as a Kubernetes object, from what its container is doing."""

from typing import Any

from clusters.simulator.world.managed import managed_fields
from clusters.simulator.world.rendering import (
    DAEMON_TOLERATIONS,
    TOKEN_SOURCES,
    TOLERATIONS,
    Body,
    labels_of,
    owner_body,
    pod_spec,
    stamp,
)
from clusters.simulator.world.things import Container, Pod

NEVER_STARTED = ("unscheduled", "creating", "pulling", "bad_image")


def pod_body(pod: Pod) -> Body:
    """A Pod."""
    workload = pod.set.workload
    spec = pod_spec(workload, pod.set.containers)
    token = {"name": f"kube-api-access-{pod.volume}"}
    for container in spec["containers"]:
        mount = {**token, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
        container["volumeMounts"] = [mount]
    spec = {"volumes": [{**token, "projected": {"sources": TOKEN_SOURCES, "defaultMode": 420}}], **spec}
    spec |= {"serviceAccountName": "default", "serviceAccount": "default"}
    if pod.node is not None:
        spec["nodeName"] = pod.node.name
    spec["tolerations"] = DAEMON_TOLERATIONS if workload.kind == "DaemonSet" else TOLERATIONS
    spec |= {"priority": 0, "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority"}
    body: Body = {"metadata": _metadata(pod), "spec": spec, "status": pod_status(pod)}
    return managed_fields(
        body, "v1", "kube-controller-manager", stamp(pod.since_ms or pod.created_ms), "kubelet"
    )


def _metadata(pod: Pod) -> Body:
    workload = pod.set.workload
    metadata: Body = {"name": pod.name}
    metadata["generateName"] = f"{pod.set.name}-"
    metadata |= {"namespace": workload.namespace, "uid": pod.uid, "resourceVersion": "", "generation": 1}
    metadata["creationTimestamp"] = stamp(pod.created_ms)
    if pod.deleted_ms:
        metadata |= {"deletionTimestamp": stamp(pod.deleted_ms + 30_000), "deletionGracePeriodSeconds": 30}
        metadata["generation"] = 2
    metadata["labels"] = labels_of(pod.set)
    if workload.kind == "Deployment":
        metadata["ownerReferences"] = owner_body("apps/v1", "ReplicaSet", pod.set.name, pod.set.uid)
    else:
        api_version = "batch/v1" if workload.kind == "Job" else "apps/v1"
        metadata["ownerReferences"] = owner_body(api_version, workload.kind, workload.name, workload.uid)
    return metadata


def pod_status(pod: Pod) -> Body:
    """A pod's status."""
    if pod.node is None:
        condition = _condition("PodScheduled", "False", pod.created_ms)
        if pod.unschedulable:
            condition |= {"reason": "Unschedulable", "message": pod.unschedulable}
        return {"phase": "Pending", "conditions": [condition], "qosClass": _quality(pod)}
    status: Body = {"phase": _phase(pod), "conditions": _conditions(pod), "hostIP": pod.node.address}
    status["hostIPs"] = [{"ip": pod.node.address}]
    if pod.address and pod.state not in ("creating",):
        status |= {"podIP": pod.address, "podIPs": [{"ip": pod.address}]}
    status["startTime"] = stamp(pod.started_ms or pod.created_ms)
    first, *others = pod.set.containers
    statuses = [_container_status(pod, first)]
    statuses += [_sidecar_status(pod, other) for other in others]
    status["containerStatuses"] = statuses
    status["qosClass"] = _quality(pod)
    return status


def _phase(pod: Pod) -> str:
    if pod.state in NEVER_STARTED:
        return "Pending"
    return {"succeeded": "Succeeded", "failed": "Failed"}.get(pod.state, "Running")


def _conditions(pod: Pod) -> list[Body]:
    started_ms = pod.started_ms or pod.created_ms
    ready_ms = pod.ready_since_ms or pod.since_ms or started_ms
    is_ready = pod.ready and not (pod.node and pod.node.is_lost)
    ready = _condition("Ready", str(is_ready), ready_ms)
    own = _condition("ContainersReady", str(pod.ready), ready_ms)
    if pod.state == "succeeded":
        ready["reason"] = own["reason"] = "PodCompleted"
    elif not pod.ready:
        names = " ".join(container.name for container in pod.set.containers[:1])
        for one in (ready, own):
            one |= {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
    return [
        _condition("PodReadyToStartContainers", str(pod.state != "creating"), started_ms),
        _condition("Initialized", "True", started_ms),
        ready,
        own,
        _condition("PodScheduled", "True", pod.created_ms),
    ]


def _condition(kind: str, status: str, changed_ms: int) -> Body:
    return {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": stamp(changed_ms)}


def _container_status(pod: Pod, container: Container) -> Body:
    has_run = pod.state not in NEVER_STARTED
    body: Body = {"name": container.name, "state": _state(pod, container), "lastState": {}}
    if pod.last_reason and pod.state not in ("succeeded", "failed"):
        body["lastState"] = {"terminated": _terminated(pod, pod.last_started_ms, pod.last_finished_ms)}
    body |= {"ready": pod.ready, "restartCount": pod.restarts, "image": container.image}
    body["imageID"] = f"{container.image}@sha256:{'0' * 64}" if has_run else ""
    if has_run:
        body["containerID"] = f"containerd://{pod.uid.replace('-', '') * 2}"
    body["started"] = pod.state == "running"
    return body


def _sidecar_status(pod: Pod, container: Container) -> Body:
    body = _container_status(pod, container)
    if pod.state in ("running", "crash_wait", "terminated"):
        body["state"] = {"running": {"startedAt": stamp(pod.started_ms)}}
        body |= {"lastState": {}, "ready": True, "started": True, "restartCount": 0}
    return body


def _state(pod: Pod, container: Container) -> dict[str, Any]:
    if pod.state == "creating":
        return {"waiting": {"reason": "ContainerCreating"}}
    if pod.state == "pulling":
        message = f"failed to pull and unpack image {container.image!r}: not found"
        return {"waiting": {"reason": "ErrImagePull", "message": message}}
    if pod.state == "bad_image":
        message = f'Back-off pulling image "{container.image}"'
        return {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    if pod.state == "crash_wait":
        wait = back_off_seconds(pod.restarts)
        text = f"back-off {_duration(wait)} restarting failed container={container.name} pod={pod.name}"
        message = f"{text}_{pod.set.workload.namespace}({pod.uid})"
        return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    if pod.state == "running":
        return {"running": {"startedAt": stamp(pod.since_ms or pod.started_ms)}}
    return {"terminated": _terminated(pod, pod.last_started_ms or pod.started_ms, pod.last_finished_ms)}


def _terminated(pod: Pod, started_ms: int, finished_ms: int) -> Body:
    body: Body = {"exitCode": pod.last_exit_code, "reason": pod.last_reason}
    body |= {"startedAt": stamp(started_ms), "finishedAt": stamp(finished_ms)}
    body["containerID"] = f"containerd://{pod.uid.replace('-', '') * 2}"
    return body


def back_off_seconds(restarts: int) -> int:
    """How long the kubelet waits before it starts a crashing container again."""
    return min(10 << min(max(restarts - 1, 0), 5), 300)


def _duration(seconds: int) -> str:
    return f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"


def _quality(pod: Pod) -> str:
    return "Burstable" if any(one.cpu_milli or one.memory_mib for one in pod.set.containers) else "BestEffort"
