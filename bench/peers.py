"""Other programs that read the same cluster, run beside ours: kubectl, and the official Python client."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.simulated import SimulatedCluster


@dataclass(frozen=True)
class Cost:
    """What reading all pods of one cluster once has cost a whole program, from its start to its end."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class ClientCost:
    """What the official client's typed list has cost, without the program's start."""

    cpu_seconds: float
    bytes_a_pod: float


def kubectl_cost(cluster: SimulatedCluster) -> Cost | None:
    """`kubectl get pods -A`; None where there is no kubectl."""
    program = shutil.which("kubectl")
    if program is None:
        return None
    began = time.monotonic()
    process = subprocess.Popen(
        [program, "--kubeconfig", cluster.kubeconfig, "get", "pods", "-A"], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        return None
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began)


def client_cost(cluster: SimulatedCluster) -> ClientCost:
    """The official client's typed list of all pods, kept in memory, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.peers", cluster.kubeconfig], check=True, stdout=subprocess.PIPE
    )
    return ClientCost(**json.loads(done.stdout))


def _list_with_client(kubeconfig: str) -> ClientCost:
    from kubernetes import client, config

    config.load_kube_config(kubeconfig)
    api = client.CoreV1Api()
    memory_bytes, began = _resident_bytes(), time.process_time()
    pods, token = [], None
    while token != "":
        page = api.list_pod_for_all_namespaces(limit=500, **({"_continue": token} if token else {}))
        pods += page.items
        token = page.metadata._continue or ""
    spent = time.process_time() - began
    return ClientCost(spent, (_resident_bytes() - memory_bytes) / max(1, len(pods)))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(json.dumps(_list_with_client(sys.argv[1]).__dict__))
