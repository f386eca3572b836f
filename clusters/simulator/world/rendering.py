"""Things as Kubernetes objects: exactly the fields a real API server gives."""

from datetime import UTC, datetime
from typing import Any

from clusters.simulator.world.managed import managed_fields
from clusters.simulator.world.things import Container, Node, PodSet, Workload

Body = dict[str, Any]

TOLERATIONS = [
    {
        "key": f"node.kubernetes.io/{key}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for key in ("not-ready", "unreachable")
]
DAEMON_TOLERATIONS = [
    {"operator": "Exists"},
    *(
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
        for key, effect in (
            ("not-ready", "NoExecute"),
            ("unreachable", "NoExecute"),
            ("disk-pressure", "NoSchedule"),
            ("memory-pressure", "NoSchedule"),
            ("pid-pressure", "NoSchedule"),
            ("unschedulable", "NoSchedule"),
        )
    ),
]
TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [
                {
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }
            ]
        }
    },
]
_NODE_CONDITIONS = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)

_PRESSED = ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available")


def stamp(at_ms: int) -> str:
    """A moment as Kubernetes writes it, in whole seconds."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def namespace_body(name: str, uid: str, created_ms: int) -> Body:
    """A Namespace."""
    body: Body = {
        "metadata": {
            "name": name,
            "uid": uid,
            "resourceVersion": "",
            "creationTimestamp": stamp(created_ms),
            "labels": {"kubernetes.io/metadata.name": name},
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    return managed_fields(body, "v1", "kubectl-create", stamp(created_ms))


def node_body(node: Node) -> Body:
    """A Node."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": node.instance_type,
        "topology.kubernetes.io/region": node.zone.rstrip("abc"),
        "topology.kubernetes.io/zone": node.zone,
        "node-pool": node.pool,
    }
    if node.is_control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
    body: Body = {
        "metadata": {
            "name": node.name,
            "uid": node.uid,
            "resourceVersion": "",
            "creationTimestamp": stamp(node.created_ms),
            "labels": labels,
            "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": _node_spec(node),
        "status": _node_status(node),
    }
    return managed_fields(body, "v1", "kubelet", stamp(node.heartbeat_ms))


def _node_spec(node: Node) -> Body:
    spec: Body = {"providerID": f"sim:///{node.zone}/i-{node.uid[:8]}{node.uid[9:13]}"}
    taints = []
    if node.is_control_plane:
        taints.append({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"})
    if node.is_lost:
        since = stamp(node.changed_ms)
        taints += [
            {"key": "node.kubernetes.io/unreachable", "effect": effect, "timeAdded": since}
            for effect in ("NoSchedule", "NoExecute")
        ]
    if node.is_cordoned:
        spec["unschedulable"] = True
        taints.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    if taints:
        spec["taints"] = taints
    return spec


def _node_status(node: Node) -> Body:
    size = {"cpu": str(node.cpu_milli // 1000), "ephemeral-storage": "104845292Ki"}
    size |= {"memory": f"{node.memory_mib * 1024}Ki", "pods": str(node.pods_limit)}
    left = {
        "cpu": f"{node.cpu_milli - 80}m",
        "ephemeral-storage": "95551679124",
        "memory": f"{(node.memory_mib - 600) * 1024}Ki",
        "pods": str(node.pods_limit),
    }
    return {
        "capacity": size,
        "allocatable": left,
        "conditions": _node_conditions(node),
        "addresses": [
            {"type": "InternalIP", "address": node.address},
            {"type": "Hostname", "address": node.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": node.uid.replace("-", ""),
            "systemUUID": node.uid,
            "bootID": node.uid[::-1],
            "kernelVersion": "6.1.141",
            "osImage": "Bottlerocket OS 1.42.0",
            "containerRuntimeVersion": "containerd://2.1.4",
            "kubeletVersion": node.version,
            "kubeProxyVersion": node.version,
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }


def _node_conditions(node: Node) -> list[Body]:
    heartbeat, changed = stamp(node.heartbeat_ms), stamp(node.changed_ms or node.created_ms)
    conditions = []
    for kind, *why in _NODE_CONDITIONS:
        is_pressed = kind == "MemoryPressure" and node.has_memory_pressure
        reasons = _PRESSED if is_pressed else (why[0], why[1])
        conditions.append(_condition(node, kind, str(is_pressed), reasons, heartbeat, changed))
    ready = ("KubeletReady", "kubelet is posting ready status")
    conditions.append(_condition(node, "Ready", "True", ready, heartbeat, changed))
    return conditions


def _condition(
    node: Node, kind: str, status: str, why: tuple[str, str], heartbeat: str, changed: str
) -> Body:
    if node.is_lost:
        status, why = "Unknown", ("NodeStatusUnknown", "Kubelet stopped posting node status.")
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": heartbeat,
        "lastTransitionTime": changed,
        "reason": why[0],
        "message": why[1],
    }


def template_body(pod_set: PodSet) -> Body:
    """The pod template of a workload's revision."""
    return template_of(pod_set.workload, pod_set.containers, labels_of(pod_set))


def template_of(workload: Workload, containers: list[Container], labels: dict[str, str]) -> Body:
    """A pod template."""
    return {"metadata": {"labels": labels}, "spec": pod_spec(workload, containers)}


def pod_spec(workload: Workload, containers: list[Container]) -> Body:
    """The part of a pod's spec that its template has too."""
    spec: Body = {"containers": [_container(one) for one in containers]}
    spec["restartPolicy"] = "Never" if workload.kind == "Job" else "Always"
    spec["terminationGracePeriodSeconds"] = 30
    spec["dnsPolicy"] = "ClusterFirst"
    if workload.pool:
        spec["nodeSelector"] = {"node-pool": workload.pool}
    spec["securityContext"] = {}
    spec["schedulerName"] = "default-scheduler"
    if workload.kind == "DaemonSet":
        spec["tolerations"] = [{"operator": "Exists"}]
    return spec


def labels_of(pod_set: PodSet) -> dict[str, str]:
    """The labels of a revision's pods."""
    workload = pod_set.workload
    labels = {"app": workload.name, "app.kubernetes.io/name": workload.name}
    if workload.kind == "Deployment":
        labels["pod-template-hash"] = pod_set.hash
    elif workload.kind == "Job":
        labels |= {
            "batch.kubernetes.io/controller-uid": workload.uid,
            "batch.kubernetes.io/job-name": workload.name,
            "controller-uid": workload.uid,
            "job-name": workload.name,
        }
    else:
        labels["controller-revision-hash"] = pod_set.hash
    return labels


def owner_body(api_version: str, kind: str, name: str, uid: str) -> list[Body]:
    """The ownerReferences of something with one controller."""
    owner = {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}
    return [{**owner, "controller": True, "blockOwnerDeletion": True}]


def _container(container: Container) -> Body:
    body: Body = {"name": container.name, "image": container.image}
    if container.env:
        body["env"] = [{"name": name, "value": value} for name, value in container.env]
    resources: Body = {}
    if container.memory_limit_mib:
        resources["limits"] = {"memory": f"{container.memory_limit_mib}Mi"}
    if container.cpu_milli:
        requests = {"cpu": f"{container.cpu_milli}m", "memory": f"{container.memory_mib}Mi"}
        resources["requests"] = requests
    body["resources"] = resources
    body["terminationMessagePath"] = "/dev/termination-log"
    body["terminationMessagePolicy"] = "File"
    body["imagePullPolicy"] = "IfNotPresent"
    return body
