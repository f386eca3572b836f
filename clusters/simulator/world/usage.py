"""Usage of nodes and pods as metrics-server answers it: a new reading every 15 s."""

import math
import random
from typing import TYPE_CHECKING, Any

import msgspec

from clusters.simulator.world.rendering import labels_of, stamp

if TYPE_CHECKING:
    from clusters.simulator.world.living import World
    from clusters.simulator.world.things import Node, Pod

ROUND_MS = 15_000
_SYSTEM_CPU_CORES = 0.06
_SYSTEM_MEMORY_MIB = 900.0


class UsageReadings:
    """The usage of one world. The same moment and seed give the same numbers."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._round = -1
        self._nodes: dict[str, bytes] = {}
        self._pods: dict[str, bytes] = {}

    def node_usage(self) -> dict[str, bytes]:
        """Encoded NodeMetrics by node name. A lost node has none."""
        self._read()
        return self._nodes

    def pod_usage(self) -> dict[str, bytes]:
        """Encoded PodMetrics by namespace/name. What does not run has none."""
        self._read()
        return self._pods

    def _read(self) -> None:
        now_round = self._world.now_ms // ROUND_MS
        if now_round == self._round:
            return
        self._round = now_round
        at_ms = now_round * ROUND_MS
        spent = {node.name: [_SYSTEM_CPU_CORES, _SYSTEM_MEMORY_MIB] for node in self._world.nodes.values()}
        self._pods = {}
        for pod in self._world.pods.values():
            if pod.node is None or pod.node.is_lost or pod.state != "running":
                continue
            cpu_cores, memory_mib = pod_use(pod, at_ms)
            spent[pod.node.name][0] += cpu_cores
            spent[pod.node.name][1] += memory_mib
            self._pods[pod.key] = _pod_body(pod, at_ms, cpu_cores, memory_mib)
        self._pods = dict(sorted(self._pods.items()))
        nodes = sorted(self._world.nodes.values(), key=lambda node: node.name)
        self._nodes = {
            node.name: _node_body(node, at_ms, *spent[node.name]) for node in nodes if not node.is_lost
        }


def pod_use(pod: "Pod", at_ms: int) -> tuple[float, float]:
    """CPU cores and MiB that a pod uses at a moment: a slow wave, a little noise, and growth."""
    workload = pod.set.workload
    main = pod.set.containers[0]
    noise = random.Random(f"{pod.uid}{at_ms}").random() - 0.5
    day = math.sin(at_ms / 86_400_000 * 2 * math.pi + workload.cpu_use)
    wave = math.sin(at_ms / 600_000 + pod.phase)
    cpu = main.cpu_milli / 1000 * workload.cpu_use * (1 + 0.2 * day + 0.15 * wave + 0.2 * noise)
    memory = main.memory_mib * workload.memory_use * (1 + 0.04 * wave + 0.02 * noise)
    if workload.growth_from_ms:
        hours = max(0, at_ms - workload.growth_from_ms) / 3_600_000
        memory += main.memory_mib * workload.memory_growth_per_hour * hours
    if main.memory_limit_mib:
        memory = min(memory, main.memory_limit_mib * 0.98)
    return max(cpu, 0.001), max(memory, 4.0)


def _pod_body(pod: "Pod", at_ms: int, cpu_cores: float, memory_mib: float) -> bytes:
    containers = []
    for index, container in enumerate(pod.set.containers):
        share = 0.95 if index == 0 else 0.05 / (len(pod.set.containers) - 1)
        if len(pod.set.containers) == 1:
            share = 1.0
        usage = _usage(cpu_cores * share, memory_mib * share)
        containers.append({"name": container.name, "usage": usage})
    metadata = {"name": pod.name, "namespace": pod.set.workload.namespace}
    metadata |= {"creationTimestamp": stamp(at_ms + 10_000), "labels": labels_of(pod.set)}  # type: ignore[dict-item]
    body = {"metadata": metadata, "timestamp": stamp(at_ms), "window": "15.1s", "containers": containers}
    return msgspec.json.encode(body)


def _node_body(node: "Node", at_ms: int, cpu_cores: float, memory_mib: float) -> bytes:
    labels = {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    metadata: dict[str, Any] = {
        "name": node.name,
        "creationTimestamp": stamp(at_ms + 10_000),
        "labels": labels,
    }
    body = {"metadata": metadata, "timestamp": stamp(at_ms), "window": "15.073s"}
    body["usage"] = _usage(min(cpu_cores, node.cpu_milli / 1000), min(memory_mib, node.memory_mib * 0.99))
    return msgspec.json.encode(body)


def _usage(cpu_cores: float, memory_mib: float) -> dict[str, str]:
    return {"cpu": f"{int(cpu_cores * 1e9)}n", "memory": f"{int(memory_mib * 1024)}Ki"}
