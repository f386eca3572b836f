"""Where a matrix is run: a portal whose processes come back when they are killed, a cluster, a receiver."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from portal.settings import BASE_DIR
from tests.killing.upsets import soothe, upset
from tests.killing.verdicts import Heard
from tests.metrics.notify.receivers import Receiver, receiving
from tests.portal.running import Portal, clean_environment, data_directory
from tests.simulated import SimulatedCluster, simulated
from tests.waiting import free_port

TIMES = {
    "TOPMAST_GROUP_WAIT_SECONDS": "0.5",
    "TOPMAST_GROUP_INTERVAL_SECONDS": "0.5",
    "TOPMAST_WEBHOOK_RANGES": "loopback",
}
READ_SECONDS = 60


class Processes(Protocol):
    """The portal's processes, and those it stands on."""

    variables: Mapping[str, str]

    def pids(self) -> Mapping[str, int]:
        """The one that runs under each name now."""

    def said(self) -> str:
        """What they wrote."""


class Place:
    """One portal that reads one cluster and tells one receiver."""

    def __init__(
        self, processes: Processes, cluster: SimulatedCluster, receiver: Receiver, orders: Path
    ) -> None:
        self.processes = processes
        self.cluster = cluster
        self.receiver = receiver
        self._orders = orders

    def prepare(self) -> None:
        """Register the cluster and the receiver, and wait until all goes."""
        self._manage(
            "add_cluster", "tiny", "--server", self.cluster.address, "--ca-file", self.cluster.ca,
            *("--token-file", "-"), typed=self.cluster.token,
        )  # fmt: skip
        self._manage(
            *("add_destination", "witness", "--kind", "webhook", "--url-file", "-"),
            typed=self.receiver.url(),
        )
        self._manage("add_route", "--destination", "witness", "--default")

    def order(self, point: str, victim: str) -> None:
        """Have a process die as soon as the worker comes to a point."""
        pid = "" if victim == "worker" else str(self.processes.pids()[victim])
        written = self._orders.with_suffix(".new")
        written.write_text(f"{point} {pid}")
        written.rename(self._orders)

    def is_carried_out(self) -> bool:
        """Whether it has died."""
        return not self._orders.exists()

    def withdraw(self) -> None:
        """Have nobody die any more."""
        self._orders.unlink(missing_ok=True)

    def upset(self, how: str, store: str) -> None:
        """Have something else happen to a store."""
        upset(how, store, self.processes.pids(), self._redis_url)

    def soothe(self, how: str) -> None:
        """Undo it where it does not end by itself."""
        soothe(how, self._redis_url)

    @property
    def _redis_url(self) -> str:
        variables = self.processes.variables
        return variables.get("REDIS_URL") or f"unix://{variables['TOPMAST_DATA_DIR']}/valkey/valkey.sock"

    def heard_of(self, name: str) -> list[Heard]:
        """What the receiver has heard of one trouble, in order."""
        texts = [(call.headers["webhook-id"], call.body) for call in list(self.receiver.calls)]
        return [
            Heard(message, json.loads(body)["data"]["state"])
            for message, body in texts
            if name.encode() in body
        ]

    def _manage(self, *words: str, typed: str = "") -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=BASE_DIR, input=typed, text=True,
            env={**clean_environment(), **self.processes.variables}, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout


class Embedded:
    """`manage.py up`, which starts again whatever dies."""

    def __init__(self, portal: Portal, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self._portal = portal

    def pids(self) -> Mapping[str, int]:
        return self._portal.children()

    def said(self) -> str:
        return self._portal.said()


@contextlib.contextmanager
def embedded() -> Iterator[Place]:
    """SQLite and Valkey."""
    with data_directory() as directory, simulated("tiny", frozen=60) as cluster, receiving() as receiver:
        orders = directory / "die-at"
        variables = {
            **TIMES,
            "TOPMAST_DATA_DIR": str(directory / "data"),
            "TOPMAST_PORT": str(free_port()),
            "TOPMAST_DEMO": "0",
            "TOPMAST_DIE_AT": str(orders),
        }
        portal = Portal(directory, variables)
        try:
            portal.wait_until_it_serves()
            place = Place(
                Embedded(portal, variables), next(iter(cluster.clusters.values())), receiver, orders
            )
            place.prepare()
            yield place
        finally:
            portal.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                portal.process.wait(20)
            portal.kill_everything()
            keep_log(portal.said())


def keep_log(said: str) -> None:
    """What the portal said, where somebody wants to know."""
    if wanted := os.environ.get("KILLING_LOG"):
        with Path(wanted).open("a") as log:
            log.write(said)
