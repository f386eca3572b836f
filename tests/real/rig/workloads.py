"""What runs in a cluster of the rig, as manifests."""

from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]

# Pods end quickly, or deleting a namespace takes half a minute.
_GRACE_SECONDS = 3
_PLOT = "topmast.test/plot"


@dataclass(frozen=True)
class Size:
    """How much there is in a cluster."""

    nodes: int
    deployments: int
    replicas: int


SMALL = Size(nodes=3, deployments=3, replicas=4)
# 2,000 pods together with the other workloads of fleet().
BIG = Size(nodes=40, deployments=97, replicas=20)


def node(name: str, *, zone: str = "a") -> Manifest:
    """A node that KWOK plays, with room for 110 pods, and whose usage metrics-server can read."""
    capacity = {"cpu": "32", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/worker": "",
                "topology.kubernetes.io/zone": zone,
            },
            "annotations": {
                "kwok.x-k8s.io/node": "fake",
                "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource",
            },
        },
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def namespace(name: str) -> Manifest:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(namespace: str, name: str, *, replicas: int, plot: str | None = None) -> Manifest:
    """A Deployment; a plot is one of the rig's stages, e.g. crash-loop or no-image."""
    return _workload("Deployment", namespace, name, replicas=replicas, template=_template(name, plot=plot))


def stateful_set(namespace: str, name: str, *, replicas: int) -> Manifest:
    """A StatefulSet that starts all its pods at once."""
    manifest = _workload("StatefulSet", namespace, name, replicas=replicas, template=_template(name))
    manifest["spec"] |= {"serviceName": name, "podManagementPolicy": "Parallel"}
    return manifest


def daemon_set(namespace: str, name: str) -> Manifest:
    """A DaemonSet: one pod on each node."""
    return _workload("DaemonSet", namespace, name, replicas=None, template=_template(name))


def job(namespace: str, name: str, *, completions: int, fails: bool = False) -> Manifest:
    """A Job whose pods take some seconds, two at a time; one that fails gives up after two tries."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": _job_spec(name, completions=completions, fails=fails),
    }


def cron_job(namespace: str, name: str, *, schedule: str = "* * * * *") -> Manifest:
    """A CronJob, by default one Job a minute."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "schedule": schedule,
            "jobTemplate": {"spec": _job_spec(name, completions=1, fails=False)},
        },
    }


def unschedulable(namespace: str, name: str) -> Manifest:
    """A Deployment that asks for more than any node has."""
    manifest = deployment(namespace, name, replicas=1)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": "1000"}}
    return manifest


def fleet(size: Size) -> list[Manifest]:
    """Everything of a cluster but its nodes: calm workloads of each kind, and some with a plot."""
    return [
        namespace("shop"),
        namespace("data"),
        namespace("trouble"),
        *(deployment("shop", f"web-{number}", replicas=size.replicas) for number in range(size.deployments)),
        stateful_set("data", "store", replicas=3),
        daemon_set("data", "agent"),
        cron_job("data", "tidy"),
        prepared("data", "prepared"),
        job("data", "import", completions=4),
        job("trouble", "broken-import", completions=1, fails=True),
        deployment("trouble", "crashing", replicas=2, plot="crash-loop"),
        out_of_memory("trouble", "greedy"),
        deployment("trouble", "no-image", replicas=2, plot="no-image"),
        unschedulable("trouble", "too-big"),
    ]


def prepared(namespace: str, name: str) -> Manifest:
    """A Deployment whose pods have an init container, a sidecar and a readiness gate."""
    manifest = deployment(namespace, name, replicas=2)
    spec = manifest["spec"]["template"]["spec"]
    image = spec["containers"][0]["image"]
    spec["initContainers"] = [
        {"name": "unpack", "image": image},
        {"name": "sidecar", "image": image, "restartPolicy": "Always"},
    ]
    spec["readinessGates"] = [{"conditionType": "topmast.test/in-rotation"}]
    return manifest


def out_of_memory(namespace: str, name: str) -> Manifest:
    """A Deployment whose one pod is killed for its memory again and again."""
    manifest = deployment(namespace, name, replicas=1, plot="crash-loop")
    manifest["spec"]["template"]["metadata"]["annotations"] |= {
        "topmast.test/reason": "OOMKilled",
        "topmast.test/exit-code": "137",
    }
    return manifest


def _workload(kind: str, namespace: str, name: str, *, replicas: int | None, template: Manifest) -> Manifest:
    spec: Manifest = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if replicas is not None:
        spec["replicas"] = replicas
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": spec,
    }


def _template(name: str, *, plot: str | None = None) -> Manifest:
    labels = {"app": name}
    annotations = {"kwok.x-k8s.io/usage-cpu": "50m", "kwok.x-k8s.io/usage-memory": "64Mi"}
    if plot is not None:
        labels[_PLOT] = plot
    if plot == "no-image":
        annotations["pod-ready.stage.kwok.x-k8s.io/weight"] = "0"
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {
            "terminationGracePeriodSeconds": _GRACE_SECONDS,
            "containers": [
                {
                    "name": "main",
                    "image": f"registry.example/{name}:1",
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                        "limits": {"memory": "256Mi"},
                    },
                }
            ],
        },
    }


def _job_spec(name: str, *, completions: int, fails: bool) -> Manifest:
    template = _template(name)
    template["spec"]["restartPolicy"] = "Never"
    if fails:
        template["metadata"]["labels"]["pod-container-running-failed.stage.kwok.x-k8s.io"] = "true"
    return {"completions": completions, "parallelism": 2, "backoffLimit": 1, "template": template}
