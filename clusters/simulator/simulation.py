"""One process with any number of simulated clusters, each on a port of its own, and their clock."""

import asyncio
import errno
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from clusters.simulator import kubeconfig
from clusters.simulator.access import ADMIN
from clusters.simulator.certificates import Authority
from clusters.simulator.cluster import Cluster, Credentials, token_of
from clusters.simulator.listener import LOOPBACK
from clusters.simulator.pacing import Pacer
from clusters.simulator.scenario import Scenario
from clusters.simulator.statefile import StateFile
from clusters.simulator.watching import BOOKMARK_SECONDS

LONGEST_PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """How to run. `frozen_at_seconds` plays that much of the plots at once and then stops the clock."""

    state_folder: Path
    seed: int = 1
    port: int = 0
    bookmark_seconds: float = BOOKMARK_SECONDS
    frozen_at_seconds: float | None = None
    start_ms: int | None = None
    is_plain: bool = False
    events_per_second: float = 0.0
    change: str = "restarts"
    host: str = LOOPBACK


@dataclass(frozen=True)
class Described:
    """One running cluster, for those who want to reach it."""

    name: str
    scenario: str
    labels: dict[str, str]
    address: str
    ca: str
    token: str
    admin_token: str
    kubeconfig: str
    client_certificate: str


@dataclass
class Simulation:
    """The clusters of this process."""

    settings: Settings
    clusters: dict[str, Cluster] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.settings.state_folder
        folder.mkdir(parents=True, exist_ok=True)
        self.kept = StateFile.read(folder)
        self.authority = Authority(folder / "tls")
        self.client_certificate = folder / "tls" / "admin.pem"
        if not self.client_certificate.exists():
            self.authority.client_certificate(self.client_certificate, ADMIN)

    def add(self, scenario: Scenario, name: str = "") -> Cluster:
        """Take a cluster into the process; it is reached once `open` has run."""
        name = name or scenario.cluster
        tokens = (token_of(self.kept.secret, name, who) for who in ("reader", "admin"))
        frozen_ms = int((self.settings.frozen_at_seconds or 0) * 1000)
        cluster = Cluster(
            scenario,
            name=name,
            seed=self.settings.seed,
            start_ms=(self.settings.start_ms or now_ms()) - frozen_ms,
            credentials=Credentials(*tokens),
            authority=self.authority,
            folder=self.settings.state_folder / "tls",
            bookmark_seconds=self.settings.bookmark_seconds,
            is_plain=self.settings.is_plain,
            host=self.settings.host,
        )
        self.clusters[name] = cluster
        return cluster

    async def open(self) -> None:
        """Open all ports, write the kubeconfigs, and start the clock."""
        for name, cluster in self.clusters.items():
            cluster.advance(self._present_ms())
            await self._open(cluster, self.kept.ports.get(name, 0))
            self.kept.ports[name] = cluster.listener.port
        self.kept.write()
        self._write_kubeconfigs()
        self.pacer = Pacer(
            list(self.clusters.values()), self.settings.events_per_second, self.settings.change
        )
        if self.settings.frozen_at_seconds is None:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._run_clock()), loop.create_task(self.pacer.run())]

    async def close(self) -> None:
        """Stop everything."""
        for task in self._tasks:
            task.cancel()
        for cluster in self.clusters.values():
            await cluster.close()

    def describe(self) -> list[Described]:
        """The clusters, as they are told to whoever started the process."""
        folder = self.settings.state_folder
        return [
            Described(
                name=name,
                scenario=cluster.scenario.name,
                labels=cluster.scenario.labels,
                address=cluster.address,
                ca=str(self.authority.certificate_path),
                token=cluster.credentials.reader_token,
                admin_token=cluster.credentials.admin_token,
                kubeconfig=str(folder / f"{name}.kubeconfig"),
                client_certificate=str(self.client_certificate),
            )
            for name, cluster in self.clusters.items()
        ]

    @property
    def kubeconfig_path(self) -> Path:
        """The kubeconfig with all clusters."""
        return self.settings.state_folder / "kubeconfig"

    async def _open(self, cluster: Cluster, kept_port: int) -> None:
        wanted = self.settings.port or kept_port
        try:
            await cluster.open(wanted)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE or self.settings.port:
                raise
            log.warning("Port %d of %s is taken by somebody else; it gets another", wanted, cluster.name)
            await cluster.open(0)

    def _write_kubeconfigs(self) -> None:
        folder = self.settings.state_folder
        entries = [
            kubeconfig.Entry(name, cluster.address, self.authority.pem, cluster.credentials.reader_token)
            for name, cluster in self.clusters.items()
        ]
        for entry in entries:
            kubeconfig.write(folder / f"{entry.name}.kubeconfig", [entry])
        kubeconfig.write(self.kubeconfig_path, entries)

    def _present_ms(self) -> int:
        if self.settings.frozen_at_seconds is not None:
            return self.settings.start_ms or now_ms()
        return now_ms()

    async def _run_clock(self) -> None:
        while True:
            present_ms = now_ms()
            for cluster in self.clusters.values():
                _advance(cluster, present_ms)
            due = [one.timeline.next_ms for one in self.clusters.values() if one.timeline.next_ms is not None]
            pause_seconds = (min(due, default=present_ms + 1000) - now_ms()) / 1000
            await asyncio.sleep(min(max(pause_seconds, 0.005), LONGEST_PAUSE_SECONDS))


def _advance(cluster: Cluster, present_ms: int) -> None:
    """A step that fails in one cluster must not stop the others' clock."""
    try:
        cluster.advance(present_ms)
    except Exception:
        log.exception("Cluster %s stumbled over a step of its plot", cluster.name)


def now_ms() -> int:
    """Our clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
