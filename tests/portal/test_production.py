"""The commands and the environment of docker-compose.yml, started as they stand, with Debian's servers."""

import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from portal.settings import BASE_DIR
from tests.portal.compose import compose_file
from tests.portal.running import clean_environment
from tests.portal.test_compose import VARIABLES
from tests.postgresql import find_programs, postgresql
from tests.waiting import free_port, wait_until

pytestmark = [
    pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]
ADMIN_PASSWORD = "a-password-for-this-test"


class Place:
    """One machine in the stead of many containers: folders for volumes, ports for host names."""

    def __init__(self, directory: Path, database_url: str, redis_port: int) -> None:
        self.directory = directory
        self.database_url = database_url
        self.services: dict[str, Any] = compose_file(
            {**VARIABLES, "TOPMAST_ADMIN_PASSWORD": ADMIN_PASSWORD, "TOPMAST_CLUSTER_RANGES": "loopback"}
        )["services"]
        self._hosts = {"valkey:6379": f"127.0.0.1:{redis_port}", "0.0.0.0": "127.0.0.1"}
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, service: str, *, port: int = 0) -> "subprocess.Popen[bytes]":
        """Start a service's own command in its own environment."""
        command = self._here(service, self.services[service]["command"], port)
        with (self.directory / f"{service}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=BASE_DIR, env=self._environment(service), stdout=log, stderr=log
            )
        self.running.append(process)
        return process

    def run(self, service: str) -> None:
        """One that ends by itself, and well."""
        assert self.start(service).wait(timeout=120) == 0, self.log(service)

    def is_healthy(self, service: str, *, port: int = 0) -> bool:
        """What the engine would ask."""
        test = self._here(service, self.services[service]["healthcheck"]["test"][1:], port)
        done = subprocess.run(
            test, cwd=BASE_DIR, env=self._environment(service), capture_output=True, check=False
        )
        return done.returncode == 0

    def log(self, service: str) -> str:
        """What it wrote."""
        return (self.directory / f"{service}.log").read_text()

    def _here(self, service: str, words: list[str], port: int) -> list[str]:
        words = [self._translated(service, word) for word in words]
        words = [sys.executable if word == "python" else word for word in words]
        if port:
            words = [re.sub(r"(?<=--port=)\d+|(?<=127\.0\.0\.1:)8000", str(port), word) for word in words]
            words = [re.sub(r"(?<='127\.0\.0\.1', )6443", str(port), word) for word in words]
        return [re.sub(r"--host=cluster-\w+", "--host=127.0.0.1", word) for word in words]

    def _environment(self, service: str) -> dict[str, str]:
        asked = {
            name: self._translated(service, str(value))
            for name, value in self.services[service]["environment"].items()
        }
        if "DATABASE_URL" in asked:
            assert asked["DATABASE_URL"] == "postgres://topmast:secret@postgresql:5432/topmast"
            asked["DATABASE_URL"] = self.database_url
        own = self.directory / f"data-{service}"
        own.mkdir(exist_ok=True)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**clean_environment(), "TOPMAST_DATA_DIR": str(own), **asked, "PATH": path}

    def _translated(self, service: str, text: str) -> str:
        for volume in self.services[service].get("volumes", []):
            name, target = volume.split(":")[:2]
            folder = self.directory / "volumes" / name
            folder.mkdir(parents=True, exist_ok=True)
            text = re.sub(rf"{target}(?=/|$)", str(folder), text)
        for name, here in self._hosts.items():
            text = text.replace(name, here)
        return text


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="tm-") as folder, postgresql() as database_url:
        redis_port = free_port()
        redis = subprocess.Popen(
            ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        place = Place(Path(folder), database_url, redis_port)
        try:
            yield place
        finally:
            for process in place.running:
                process.terminate()
            for process in place.running:
                _end(process)
            redis.terminate()
            redis.wait(timeout=10)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def web_ports(place: Place) -> list[int]:
    """Everything started in the order that the file asks for."""
    place.run("prepare")
    ports = [free_port(), free_port()]
    for port in ports:
        place.start("web", port=port)
    for _ in range(2):
        place.start("worker")
    place.start("beat")
    for name in ("cluster-one", "cluster-two"):
        place.start(name, port=free_port())
    return ports


def readyz(port: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as answer:
        return dict(json.load(answer))
    except OSError:
        return {"ready": False}


def test_all_are_healthy_and_ready(place: Place, web_ports: list[int]) -> None:
    for port in web_ports:
        wait_until(lambda: place.is_healthy("web", port=port), within_seconds=120, what="web")  # noqa: B023
        wait_until(lambda: readyz(port)["ready"], within_seconds=120, what="readyz")  # noqa: B023

    wait_until(lambda: place.is_healthy("worker"), within_seconds=30, what="worker")
    assert place.is_healthy("beat")


def test_the_registered_clusters_become_live(place: Place, web_ports: list[int]) -> None:
    wait_until(lambda: all(place.log(f"cluster-{n}") for n in ("one", "two")), within_seconds=120)
    place.run("register")

    def lines() -> list[tuple[str, bool]]:
        with psycopg.connect(place.database_url) as connection:
            return connection.execute(
                "SELECT connection, is_demo FROM clusters_clusterstate JOIN clusters_cluster"
                " ON clusters_cluster.id = cluster_id"
            ).fetchall()

    wait_until(lambda: lines() == [("live", False)] * 2, within_seconds=120, what="both live")


def test_who_signs_in_at_one_web_process_is_known_at_the_other(place: Place, web_ports: list[int]) -> None:
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    one, two = (f"http://127.0.0.1:{port}" for port in web_ports)
    wait_until(lambda: place.is_healthy("web", port=web_ports[1]), within_seconds=120)
    browser.open(f"{one}/sign-in/", timeout=10).read()
    token = next(cookie.value for cookie in jar if cookie.name == "topmast_csrf")
    form = {"username": "admin", "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": token}
    browser.open(f"{one}/sign-in/?next=/admin/", urllib.parse.urlencode(form).encode(), timeout=10)

    with browser.open(f"{two}/admin/", timeout=10) as answer:
        assert answer.url == f"{two}/admin/"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_only_the_public_half_of_the_key_is_in_the_folder_of_web(place: Place, web_ports: list[int]) -> None:
    def files(volume: str) -> list[str]:
        return sorted(path.name for path in (place.directory / "volumes" / volume).iterdir())

    assert files("public-key") == ["cluster.key.pub"]
    assert files("keys") == ["cluster.key", "cluster.key.pub"]


def test_another_host_name_is_refused_except_by_the_health_check(place: Place, web_ports: list[int]) -> None:
    def status(path: str) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{web_ports[0]}{path}", headers={"Host": "evil.example"}
        )
        try:
            return int(urllib.request.urlopen(request, timeout=10).status)
        except urllib.error.HTTPError as answer:
            return answer.code

    wait_until(lambda: place.is_healthy("web", port=web_ports[0]), within_seconds=120)
    assert status("/healthz") == 200
    assert status("/sign-in/") == 400


def test_a_missing_part_is_named_by_readyz(place: Place, web_ports: list[int]) -> None:
    wait_until(lambda: readyz(web_ports[0])["ready"], within_seconds=120)
    beat = next(process for process in place.running if "beat" in process.args)  # type: ignore[operator]
    beat.terminate()
    beat.wait(timeout=10)

    wait_until(
        lambda: "beat" in readyz(web_ports[0]).get("missing", ()), within_seconds=45, what="beat missing"
    )
