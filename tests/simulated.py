"""Simulated clusters for tests: a real process that speaks HTTPS, started and stopped around a test.

As a context manager, or as the pytest fixture `simulator` (import it into a conftest or a test module)::

    from tests.simulated import simulated

    with simulated("tiny") as cluster:                    # any scenario of clusters/simulator/scenarios
        cluster.address, cluster.token                    # "https://127.0.0.1:41234", bearer token
        cluster.ca_pem, cluster.ca                        # the authority to trust: text, path
        cluster.admin_token, cluster.client_certificate   # who may do all; certificate and key, one PEM
        cluster.kubeconfig                                # path of a kubeconfig with this cluster

        cluster.control.fault("status", code=503)         # everything answers 503 until…
        cluster.control.clear()
        cluster.control.fault("forbidden", resource="jobs")
        cluster.control.step("crash_loop", namespace="shop", name="web")
        cluster.control.put({"kind": "Pod", "metadata": {...}, …})
        cluster.control.delete("Pod", "shop", "web-0")
        cluster.control.objects("Pod")                    # what the cluster holds, as dicts

        cluster.get("/api/v1/pods")                       # a plain request: .status, .headers, .body, .json()

    with simulated("tiny", "calm", frozen=60, seed=7) as fleet:
        fleet.clusters["tiny"], fleet.kubeconfig, fleet.control

    with simulated(fleet="bench", clusters=3, pods=200, nodes=10, events_per_second=50) as fleet: …

`frozen=N` plays N seconds of the plot at once and stops the clock there: nothing changes but what a test
does by `control`. Without it the clock runs. `bookmark_seconds` makes bookmarks come sooner. With
`state_folder` a second start is the same clusters at the same addresses. Which faults there are, and how to
narrow them (`resource`, `group`, `verb`, `path`, `times`), is in clusters/simulator/faults.py; which steps,
in clusters/simulator/world/plot.py and `Cluster._actions` of clusters/simulator/cluster.py.
"""

import http.client
import json
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Answer:
    """One answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Control:
    """Makes things happen in simulated clusters. Without a cluster's name it means all of them."""

    address: str
    cluster: str | None = None

    def fault(self, name: str, **settings: Any) -> None:
        """Have something go wrong on the wire until `clear`."""
        self._send("POST", "/faults", {"fault": name, **settings})

    def clear(self) -> None:
        """End all faults."""
        query = f"?{urlencode({'cluster': self.cluster})}" if self.cluster else ""
        self._send("DELETE", f"/faults{query}")

    def step(self, verb: str, **settings: Any) -> None:
        """Play one step of a plot now, such as lose_nodes, roll_out, revoke, rotate_token, restore."""
        self._send("POST", "/steps", {"do": verb, **settings})

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._send("POST", "/steps", {"advance_seconds": seconds})

    def put(self, body: dict[str, Any]) -> None:
        """Create or replace an object."""
        self._send("POST", "/steps", {"object": body})

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        self._send("POST", "/steps", {"delete": {"kind": kind, "namespace": namespace, "name": name}})

    def change(self, count: int = 1) -> list[dict[str, Any]]:
        """Change pods of a bench cluster; says which, at which version, and when (`sent_at_ms`)."""
        sent: list[dict[str, Any]] = self._send("POST", "/changes", {"count": count})["sent"]
        return sent

    def pace(self, events_per_second: float, change: str = "restarts") -> None:
        """Have bench clusters change pods at a steady beat, in turn: restarts, ready or touch."""
        self._send("POST", "/pace", {"events_per_second": events_per_second, "change": change})

    def sent(self, after: int = 0) -> list[dict[str, Any]]:
        """The changes sent by `change` and `pace` since a number, with their moments."""
        told: list[dict[str, Any]] = self._send("GET", f"/sent?after={after}")["sent"]
        return told

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """What a cluster holds of a kind, right now."""
        query = urlencode({"cluster": self.cluster or "", "kind": kind})
        found: list[dict[str, Any]] = self._send("GET", f"/objects?{query}")["items"]
        return found

    def connections(self) -> dict[str, dict[str, int]]:
        """How many connections and watches each cluster has."""
        found: dict[str, dict[str, int]] = self._send("GET", "/connections")
        return found

    def _send(self, method: str, target: str, body: dict[str, Any] | None = None) -> Any:
        if body is not None and self.cluster:
            body = {"cluster": self.cluster, **body}
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=20)
        try:
            connection.request(method, target, json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(said["error"])
        return said


@dataclass(frozen=True)
class SimulatedCluster:
    """One simulated cluster and how to reach it."""

    name: str
    scenario: str
    address: str
    ca: str
    token: str = field(repr=False)
    admin_token: str = field(repr=False)
    kubeconfig: str
    client_certificate: str
    control: Control
    labels: dict[str, str]

    @property
    def ca_pem(self) -> str:
        """The authority to trust, as text."""
        return Path(self.ca).read_text()

    def get(self, target: str, **options: Any) -> Answer:
        """One GET, as the reader unless `token` says otherwise."""
        return self.request("GET", target, **options)

    def request(
        self,
        method: str,
        target: str,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        body: Any = None,
        with_certificate: bool = False,
        timeout: float = 10,
    ) -> Answer:
        """One request on a connection of its own. `token=None` sends none, "" the reader's."""
        connection = self.connect(with_certificate=with_certificate, timeout=timeout)
        sent = dict(headers or {})
        if token is not None and not with_certificate:
            sent["Authorization"] = f"Bearer {token or self.token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, target, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def connect(self, *, with_certificate: bool = False, timeout: float = 10) -> http.client.HTTPConnection:
        """A connection to the cluster, trusting its authority."""
        if self.address.startswith("http:"):
            return http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=timeout)
        trust = ssl.create_default_context(cafile=self.ca)
        if with_certificate:
            trust.load_cert_chain(self.client_certificate)
        return http.client.HTTPSConnection(urlsplit(self.address).netloc, timeout=timeout, context=trust)

    @contextmanager
    def watch(self, target: str, timeout: float = 10) -> Iterator[Iterator[dict[str, Any]]]:
        """The events of a watch as they come; `target` says what and from where."""
        connection = self.connect(timeout=timeout)
        try:
            connection.request("GET", target, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield (json.loads(line) for line in answer)
        finally:
            connection.close()


@dataclass(frozen=True)
class SimulatedFleet:
    """All clusters of one simulator process."""

    clusters: dict[str, SimulatedCluster]
    kubeconfig: str
    control: Control
    process_id: int

    def __getattr__(self, name: str) -> Any:
        # So that a fleet of one can be used as that one cluster.
        (only,) = self.clusters.values()
        return getattr(only, name)


@contextmanager
def simulated(*scenarios: str, state_folder: Path | str | None = None, **options: Any) -> Iterator[Any]:
    """Run scenarios in one simulator process; gives a SimulatedFleet (of one: usable as the cluster).

    `options` are the command line's: seed, frozen, bookmark_seconds, start_ms, plain, fleet, clusters, ….
    """
    with tempfile.TemporaryDirectory(prefix="simulated-") as spare:
        folder = Path(state_folder or spare)
        process = _start(scenarios, folder, options)
        try:
            yield _announced(process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    """The scenario `tiny`, frozen, for all tests of a module."""
    with simulated("tiny", frozen=0) as cluster:
        yield cluster


def _start(scenarios: tuple[str, ...], folder: Path, options: dict[str, Any]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "clusters.simulator", "--control-port", "0", "--state-dir", str(folder)]
    for scenario in scenarios:
        command += ["--scenario", scenario]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        command += [flag] if value is True else [flag, str(value)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


def _announced(process: subprocess.Popen[bytes]) -> SimulatedFleet:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the simulator ended with {process.wait()} before it said where it is")
    said = json.loads(line)
    control = Control(said["control"])
    clusters = {
        one["name"]: SimulatedCluster(control=Control(said["control"], one["name"]), **one)
        for one in said["clusters"]
    }
    return SimulatedFleet(clusters, said["kubeconfig"], control, process.pid)
