"""A real embedded portal on a data directory of its own: `manage.py up`, and what its processes cost."""

import asyncio
import contextlib
import http.cookiejar
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import processes
from portal.settings import BASE_DIR
from tests.portal.running import Portal, clean_environment, data_directory
from tests.simulated import SimulatedCluster
from tests.waiting import free_port

PASSWORD = "measured-not-guessed-42"
LABEL = "part"
"""Each cluster's label by which visibilities differ: one value is hidden from one team."""
PARTS = 20


class MeasuredPortal:
    """A running portal, who may look at it, and what it has cost so far."""

    def __init__(self, portal: Portal, variables: dict[str, str]) -> None:
        self.port = portal.port
        self.directory = portal.directory
        self._portal = portal
        self._variables = variables
        people = self._prepare("people", PARTS)
        self.admin_token: str = people["admin"]
        self.viewer_tokens: list[str] = people["viewers"]

    @property
    def redis_socket(self) -> Path:
        """Where its Valkey listens."""
        return self.directory / "data" / "valkey" / "valkey.sock"

    def register(self, clusters: Sequence[SimulatedCluster]) -> tuple[float, dict[str, str]]:
        """Register clusters, all in one transaction; when it committed (UTC seconds), and UUIDs by name."""
        described = [
            {
                "name": one.name, "server": one.address, "ca_pem": one.ca_pem, "token": one.token,
                "labels": {LABEL: str(number % PARTS)},
            }
            for number, one in enumerate(clusters)
        ]  # fmt: skip
        made = self._prepare("clusters", described)
        return float(made["committed_at"]), made["uuids"]

    @property
    def database(self) -> Path:
        """The file that it keeps everything in."""
        return self.directory / "data" / "topmast.sqlite3"

    def switch_rules_off(self) -> None:
        """All rules, everywhere; evaluators follow within seconds."""
        self._prepare("rules-off", None)

    def cpu_seconds(self) -> float:
        """Of all its processes, the supervisor among them."""
        return processes.cpu_seconds(self._family())

    def memory_bytes(self) -> int:
        """Of all its processes."""
        return processes.memory_bytes(self._family())

    async def cores_over(self, seconds: float) -> float:
        """How much of a core it uses over the next seconds."""
        spent, began = self.cpu_seconds(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self.cpu_seconds() - spent) / (time.monotonic() - began)

    def costs(self) -> dict[str, float]:
        """CPU seconds so far of each program, for whoever looks for where they go."""
        return {name: processes.cpu_seconds([pid]) for name, pid in self._portal.children().items()}

    def keyframes(self) -> int:
        """How many clusters have their whole picture stored."""
        uri = f"file:{self.directory / 'data' / 'topmast.sqlite3'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
            return int(
                database.execute("SELECT count(DISTINCT cluster_id) FROM metrics_snapshot").fetchone()[0]
            )

    def sign_in_ms(self) -> float:
        """How long one sign-in takes: the form, and the answer to the password."""
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), _Stay)
        address = f"http://127.0.0.1:{self.port}/sign-in/"
        began = time.monotonic()
        with browser.open(address, timeout=30) as form:
            found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.read().decode())
        assert found is not None, "the sign-in page has no form"
        fields = {"csrfmiddlewaretoken": found[1], "username": "admin", "password": PASSWORD}
        request = urllib.request.Request(address, urllib.parse.urlencode(fields).encode())
        request.add_header("Referer", address)
        with contextlib.suppress(_Redirected):
            browser.open(request, timeout=30).close()
        taken_ms = (time.monotonic() - began) * 1000
        assert any(cookie.name == "topmast_session" for cookie in jar), "the sign-in was refused"
        return taken_ms

    def _family(self) -> list[int]:
        return processes.family_of(self._portal.process.pid)

    def _prepare(self, what: str, described: object) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "bench.preparing", what],
            input=json.dumps(described).encode(), stdout=subprocess.PIPE, check=True, cwd=BASE_DIR,
            env={**clean_environment(), **self._variables, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        )  # fmt: skip
        return json.loads(done.stdout)


@contextlib.contextmanager
def a_portal() -> Iterator[MeasuredPortal]:
    """Start a portal without clusters; stop it and forget its data at the end."""
    with data_directory() as directory:
        variables = {
            "TOPMAST_PORT": str(free_port()),
            "TOPMAST_DATA_DIR": str(directory / "data"),
            "TOPMAST_DEMO": "0",
            "TOPMAST_ADMIN_PASSWORD": PASSWORD,
        }
        portal = Portal(directory, variables)
        try:
            portal.wait_until_it_serves()
            yield MeasuredPortal(portal, variables)
        finally:
            portal.process.terminate()
            try:
                portal.process.wait(20)
            except subprocess.TimeoutExpired:
                portal.kill_everything()
            _keep_log(portal)


class _Redirected(Exception):
    """The password was right: the portal sends the browser on."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        raise _Redirected


def _keep_log(portal: Portal) -> None:
    """What the portal said, where somebody wants to know."""
    if wanted := os.environ.get("BENCH_LOG"):
        with Path(wanted).open("a") as log:
            log.write(portal.said())
