"""One real cluster on this machine: start it, break it, mend it, ask it."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.real.rig import audit, certificates, programs, stages, tools, usage, workloads
from tests.real.rig.processes import Process, ProgramFailed, wait_until
from tests.real.rig.programs import Layout, Ports
from tests.real.rig.requests import ApiClient, Credential

_READY_SECONDS = 120.0
# Ends first what writes last; etcd goes when nobody needs it any more.
_STOP_ORDER = ("metrics-server", "kwok", "scheduler", "controllers", "api-server", "etcd")
_CONTROL = ("controllers", "scheduler", "kwok", "metrics-server")
_COMMANDS = {
    "etcd": programs.etcd,
    "api-server": programs.api_server,
    "controllers": programs.controllers,
    "scheduler": programs.scheduler,
    "kwok": programs.kwok,
    "metrics-server": programs.metrics_server,
}


class Cluster:
    """etcd, API server, controllers, scheduler, KWOK and metrics-server in a folder of their own."""

    def __init__(self, *, name: str, folder: Path, dies_with_parent: bool = True) -> None:
        """A cluster that is in the folder already, or that start() will put there."""
        self.name = name
        self.layout = Layout(folder=folder.resolve(), tools=tools.find(), ports=_ports_of(folder))
        self._processes = {
            program: Process(name=program, folder=self.layout.folder, dies_with_parent=dies_with_parent)
            for program in _COMMANDS
        }

    @property
    def server(self) -> str:
        """The API server's address."""
        return self.layout.server

    @property
    def authority(self) -> Path:
        """The file of the authority that signed the API server's certificate."""
        return self.layout.certificates / "ca.crt"

    @property
    def admin_kubeconfig(self) -> Path:
        """A kubeconfig that may do everything, everything inline."""
        return self.layout.kubeconfig("admin")

    def start(self) -> None:
        """Start all that is not running and put KWOK's stages in; returns when nodes can be added."""
        self._write_files()
        self._start("etcd")
        self.start_api_server()
        self._start("controllers")
        self._start("scheduler")
        self.apply(stages.definitions(self.layout.tools))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=120s")
        self.apply(stages.stages(self.layout.tools))
        self._start("kwok")
        self.apply(usage.aggregation(port=self.layout.ports.metrics_server))
        self._start("metrics-server")

    def populate(self, size: workloads.Size) -> None:
        """Add nodes and workloads of a size; returns when the nodes are ready, not the pods."""
        self.add_nodes(size.nodes)
        self.apply(workloads.fleet(size))

    def stop(self) -> None:
        """End every program. The data stays."""
        for program in _STOP_ORDER:
            self._processes[program].stop()

    def kill(self) -> None:
        """End every program at once, as a machine that loses its power."""
        for program in _STOP_ORDER:
            self._processes[program].kill()

    def is_running(self) -> bool:
        """True while all the programs live."""
        return all(process.is_running() for process in self._processes.values())

    # ── faults ────────────────────────────────────────────────────────────────────────────────────────

    def freeze(self) -> None:
        """The API server keeps its connections and answers nothing (SIGSTOP)."""
        self._processes["api-server"].freeze()

    def thaw(self) -> None:
        """The API server goes on where it was frozen."""
        self._processes["api-server"].thaw()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Nothing in the cluster writes: KWOK, controllers and scheduler are frozen."""
        for program in _CONTROL:
            self._processes[program].freeze()
        try:
            yield
        finally:
            for program in _CONTROL:
                self._processes[program].thaw()

    def mend(self) -> None:
        """Whatever was frozen goes on, whatever was stopped is started."""
        for process in self._processes.values():
            process.thaw()
        self._start("etcd")
        self.start_api_server()
        for program in _CONTROL:
            self._start(program)

    def stop_api_server(self) -> None:
        """End the API server alone; its port stays free."""
        self._processes["api-server"].stop()

    def start_api_server(self) -> None:
        """Start the API server and wait until it is ready. Versions from before it started are gone: 410."""
        self._start("api-server")
        self._wait_ready()

    def save_etcd(self, name: str) -> None:
        """Keep a copy of what etcd holds now. etcd is away for the second that this takes."""
        copy = self._saved(name)
        shutil.rmtree(copy, ignore_errors=True)
        self._processes["etcd"].stop()
        shutil.copytree(self.layout.etcd_data, copy)
        self._start("etcd")
        self._wait_ready()

    def restore_etcd(self, name: str) -> None:
        """Put etcd back to a saved state, as after a disaster: everything is restarted on the old data."""
        for program in _STOP_ORDER:
            self._processes[program].stop()
        shutil.rmtree(self.layout.etcd_data)
        shutil.copytree(self._saved(name), self.layout.etcd_data)
        self.mend()

    # ── things in it ──────────────────────────────────────────────────────────────────────────────────

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as administrator and return what it printed."""
        command = [
            str(self.layout.tools / "kubectl"),
            f"--kubeconfig={self.admin_kubeconfig}",
            f"--cache-dir={self.layout.folder / 'kubectl-cache'}",
            *arguments,
        ]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ProgramFailed(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def items(self, resource: str, *arguments: str) -> list[dict[str, Any]]:
        """All objects of a resource in all namespaces, as `kubectl get -o json` gives them."""
        printed = self.kubectl("get", resource, "--all-namespaces", "-o", "json", *arguments)
        found: list[dict[str, Any]] = json.loads(printed)["items"]
        return found

    def apply(self, manifests: Iterable[dict[str, Any]]) -> None:
        """Create or change objects, each as its manifest says."""
        text = yaml.safe_dump_all(manifests, sort_keys=False)
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)

    def add_nodes(self, count: int) -> None:
        """Add nodes up to a count and wait until KWOK has made them ready."""
        zones = "abc"
        self.apply(workloads.node(f"node-{n}", zone=zones[n % len(zones)]) for n in range(count))
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=120s")

    def lose_node(self, name: str) -> None:
        """KWOK reports the node NotReady until find_node() takes that back."""
        self.kubectl("label", "node", name, "--overwrite", "node-not-ready.stage.kwok.x-k8s.io=true")

    def silence_node(self, name: str) -> None:
        """The node's kubelet goes silent: after 50 s its state is Unknown, until find_node()."""
        self.kubectl("annotate", "node", name, "kwok.x-k8s.io/node-")

    def find_node(self, name: str) -> None:
        """A lost or silent node comes back."""
        self.kubectl("label", "node", name, "node-not-ready.stage.kwok.x-k8s.io-")
        self.kubectl("annotate", "node", name, "--overwrite", "kwok.x-k8s.io/node=fake")

    def evict(self, namespace: str, pod: str) -> bool:
        """Ask to evict a pod; False when a disruption budget forbids it or the pod has gone."""
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"namespace": namespace, "name": pod},
        }
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
        return self.as_admin().ask("POST", path, body=eviction).status == 201

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────

    def as_admin(self) -> ApiClient:
        """Plain requests as administrator."""
        keys = self.layout.certificates
        return self._client(Credential(certificate=keys / "admin.crt", key=keys / "admin.key"))

    def as_bearer(self, token: str) -> ApiClient:
        """Plain requests with somebody's token."""
        return self._client(Credential(token=token))

    def as_stranger(self) -> ApiClient:
        """Plain requests of nobody in particular."""
        return self._client(Credential())

    def usage_answers(self) -> bool:
        """True once metrics.k8s.io gives the usage of every node."""
        self.check()
        usage = self.as_admin().get("/apis/metrics.k8s.io/v1beta1/nodes")
        nodes = self.as_admin().get("/api/v1/nodes")
        return usage.status == 200 and len(usage.json()["items"]) == len(nodes.json()["items"])

    def wait_for_usage(self, *, seconds: float = 120.0) -> None:
        """Return when usage_answers(): two readings after the nodes came."""
        if not wait_until(self.usage_answers, seconds=seconds, look_again_seconds=0.5):
            log = self._processes["metrics-server"].end_of_log()
            raise ProgramFailed(f"{self.name}: no usage of every node after {seconds:.0f} s:\n{log}")

    def wait_for_pods(self, *, seconds: float = 120.0) -> None:
        """Return when every Deployment and StatefulSet without a plot has all its pods ready."""
        for namespace in ("shop", "data"):
            self.kubectl(
                *("rollout", "status", "--namespace", namespace, f"--timeout={seconds:.0f}s"),
                "deployment,statefulset,daemonset",
            )

    def check(self) -> None:
        """Raise ProgramFailed when one of the programs has ended by itself, with its last words."""
        for process in self._processes.values():
            if not process.is_running():
                raise ProgramFailed(f"{self.name}: {process.name} has ended:\n{process.end_of_log()}")

    def audit_size_bytes(self) -> int:
        """How long the audit log is: a mark for rules_used()."""
        log = self.layout.audit_log
        return log.stat().st_size if log.exists() else 0

    def rules_used(self, *, user: str, from_byte: int = 0) -> set[audit.Asked]:
        """What one user asked since a mark, refused or not."""
        asked = audit.read(self.layout.audit_log, from_byte=from_byte)
        return {each for each in asked if each.user == user}

    # ── within ────────────────────────────────────────────────────────────────────────────────────────

    def _client(self, credential: Credential) -> ApiClient:
        return ApiClient(server=self.server, authority=self.authority, credential=credential)

    def _start(self, program: str) -> None:
        self._processes[program].start(_COMMANDS[program](self.layout))

    def _saved(self, name: str) -> Path:
        return self.layout.folder / f"etcd-saved-{name}"

    def _wait_ready(self) -> None:
        if not wait_until(self._is_ready, seconds=_READY_SECONDS):
            log = self._processes["api-server"].end_of_log()
            raise ProgramFailed(
                f"{self.name}: the API server is not ready after {_READY_SECONDS:.0f} s:\n{log}"
            )

    def _is_ready(self) -> bool:
        process = self._processes["api-server"]
        if not process.is_running():
            raise ProgramFailed(f"{self.name}: the API server ended:\n{process.end_of_log()}")
        try:
            return self.as_admin().get("/readyz").status == 200
        except OSError:
            return False

    def _write_files(self) -> None:
        """Certificates, kubeconfigs and the audit policy: made once, kept over restarts."""
        if self.layout.certificates.exists():
            return
        certificates.write_all(
            self.layout.certificates,
            accounts=programs.ACCOUNTS,
            service_address=programs.SERVICE_ADDRESS,
        )
        for account in programs.ACCOUNTS:
            text = certificates.kubeconfig(
                self.layout.certificates, cluster=self.name, server=self.server, account=account
            )
            path = self.layout.kubeconfig(account)
            path.touch(mode=0o600)
            path.write_text(text)
        programs.write_audit_policy(self.layout)


def _ports_of(folder: Path) -> Ports:
    """The ports this folder's cluster has had from the start; picked at its first use."""
    kept = folder / "ports.json"
    if kept.exists():
        return Ports(**json.loads(kept.read_text()))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = programs.pick_ports()
    kept.write_text(json.dumps(programs.ports_as_json(ports)))
    return ports
