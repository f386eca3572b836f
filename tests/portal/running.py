"""`manage.py up` as a real process, with its own data directory and port."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from portal.settings import BASE_DIR
from tests.waiting import wait_until

START_SECONDS = 60


class Portal:
    """A running `up`: what it said, its children, how it is stopped."""

    def __init__(self, directory: Path, variables: dict[str, str]) -> None:
        self.directory = directory
        self.port = int(variables["TOPMAST_PORT"])
        self._log = directory / "up.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=BASE_DIR, env={**clean_environment(), **variables}, stdout=log, stderr=log,
            )  # fmt: skip

    def said(self) -> str:
        """Everything it and its children wrote."""
        return self._log.read_text()

    def children(self) -> dict[str, int]:
        """The process last started under each name."""
        return {name: int(pid) for name, pid in re.findall(r"(\S+) started \(pid (\d+)\)", self.said())}

    def answers(self) -> bool:
        """Whether the address serves."""
        assert self.process.poll() is None, self.said()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_until_it_serves(self) -> None:
        """And has said where, and its worker is past its start."""
        wait_until(
            lambda: self.answers() and all(word in self.said() for word in ("Sign in", " ready.")),
            within_seconds=START_SECONDS,
            what="the start",
        )

    def kill_everything(self) -> None:
        """What a failed test leaves."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def clean_environment() -> dict[str, str]:
    """Ours, without what the tests' own settings put there."""
    ours = ("TOPMAST_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def data_directory() -> Iterator[Path]:
    """One with a short name, for the socket's sake."""
    with tempfile.TemporaryDirectory(prefix="tm-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def stop(portal: Portal, number: signal.Signals) -> float:
    """Signal it, and wait for its end; how many seconds that took."""
    portal.process.send_signal(number)
    return wait_until(lambda: portal.process.poll() is not None, within_seconds=15)
