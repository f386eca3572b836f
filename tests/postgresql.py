"""A PostgreSQL of the machine's own installation, for as long as something needs one.

`python -m tests.postgresql COMMAND …` runs a command with DATABASE_URL set to it. Its data lie in a folder
that goes away, and it is allowed to lose them, so it starts in two seconds.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import free_port

PASSWORD = "only-on-loopback"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "unix_socket_directories=", "jit=off")
_SAFE_FROM_KILLS = ("fsync=off", "unix_socket_directories=", "jit=off")


def find_programs() -> Path | None:
    """The newest installed server's folder."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass(frozen=True)
class Server:
    """One that was made and can be started, as often as it is asked to."""

    programs: Path
    directory: Path
    port: int
    account: dict[str, int]
    settings: tuple[str, ...]

    @property
    def address(self) -> str:
        """The URL of its empty database."""
        return f"postgres://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def begin(self) -> "subprocess.Popen[bytes]":
        """Start it; it may take a moment until it serves."""
        settings = (*self.settings, f"port={self.port}", "listen_addresses=127.0.0.1")
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [self.programs / "postgres", "-D", self.directory / "data", *options],
                stdout=log, stderr=log, cwd=self.directory, start_new_session=True, **self.account,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Until it serves. Raises RuntimeError where it does not."""
        is_ready = f"{self.programs}/pg_isready -q -h 127.0.0.1 -p {self.port}"
        words = ["timeout", "20", "bash", "-c", f"until {is_ready}; do sleep 0.1; done"]
        if subprocess.run(words, check=False).returncode != 0:
            raise RuntimeError(f"PostgreSQL did not start: {(self.directory / 'log').read_text()[-2000:]}")


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The address of a fresh server with an empty database. Ends with the block."""
    with a_made_one(_FAST) as server:
        process = server.begin()
        try:
            server.wait_until_ready()
            yield server.address
        finally:
            process.send_signal(signal.SIGINT)  # Fast shutdown: does not wait for its clients.
            process.wait(timeout=20)


@contextlib.contextmanager
def a_made_one(settings: tuple[str, ...] = _SAFE_FROM_KILLS) -> Iterator[Server]:
    """A server that is not started yet. What it has committed outlives its being killed."""
    programs = find_programs()
    if programs is None:
        raise FileNotFoundError("PostgreSQL is not installed. On Debian: apt-get install postgresql.")
    directory = Path(tempfile.mkdtemp(prefix="topmast-postgresql-"))
    account = _account(directory)
    try:
        port = _make(programs, directory, account)
        yield Server(programs, directory, port, account, settings)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _account(directory: Path) -> dict[str, int]:
    """PostgreSQL does not run as root; then it runs as Debian's user for it."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    os.chown(directory, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid}


def _make(programs: Path, directory: Path, account: dict[str, int]) -> int:
    password_file = directory / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    subprocess.run(
        [
            *(programs / "initdb", "-D", directory / "data", "-U", "postgres", "--pwfile", password_file),
            *("-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        ],
        check=True, stdout=subprocess.DEVNULL, cwd=directory, **account,
    )  # fmt: skip
    return free_port()


def main() -> int:
    """Run a command beside a server; its exit code is ours."""
    if find_programs() is None:
        sys.stdout.write("Left out: PostgreSQL is not installed (Debian: apt-get install postgresql).\n")
        return 0
    with postgresql() as address:
        return subprocess.run(
            sys.argv[1:], env={**os.environ, "DATABASE_URL": address}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
