"""The services of docker-compose.yml on this machine, as they stand, with Debian's servers."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from portal.settings import BASE_DIR
from tests.portal.compose import compose_file
from tests.portal.running import clean_environment
from tests.portal.test_compose import VARIABLES
from tests.postgresql import find_programs, postgresql
from tests.waiting import free_port

ADMIN_PASSWORD = "a-password-for-this-test"
CHOSEN = {"TOPMAST_ADMIN_PASSWORD": ADMIN_PASSWORD, "TOPMAST_CLUSTER_RANGES": "loopback"}

needs_postgresql = pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed")
needs_redis = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


class Place:
    """One machine in the stead of many containers: folders for volumes, ports for host names."""

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str,
        redis_port: int,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.database_url = database_url
        self.file = compose_file({**VARIABLES, **CHOSEN, **(variables or {})})
        self.services: dict[str, Any] = self.file["services"]
        self._hosts = {
            "valkey:6379": f"127.0.0.1:{redis_port}",
            "0.0.0.0": "127.0.0.1",
            self.file["networks"]["front"]["ipam"]["config"][0]["subnet"]: "127.0.0.1",
        }
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


@contextlib.contextmanager
def compose_place(variables: Mapping[str, str] | None = None) -> Iterator[Place]:
    """A place with PostgreSQL and Redis; whatever is started there ends with it."""
    with tempfile.TemporaryDirectory(prefix="tm-") as folder, postgresql() as database_url:
        redis_port = free_port()
        redis = subprocess.Popen(
            ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        place = Place(Path(folder), database_url=database_url, redis_port=redis_port, variables=variables)
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
