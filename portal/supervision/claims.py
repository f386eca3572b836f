"""What one `up` needs for itself alone: the data directory and the port."""

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path


class ClaimRefused(Exception):
    """Somebody else has it; the text says what to do."""


@contextlib.contextmanager
def data_directory(path: Path) -> Iterator[None]:
    """Make it, and hold it while we run. The system gives it back however we end."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ClaimRefused(
            f"The data directory {path} cannot be written ({error.strerror}). "
            "Set TOPMAST_DATA_DIR to a directory of your own."
        ) from error
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClaimRefused(
                f"Topmast is already running on {path} (process {file.read().strip() or 'unknown'}). "
                "Stop it first, or set TOPMAST_DATA_DIR to another directory."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def check_port(bind: str, port: int) -> None:
    """Refuse, before anything is started, what the web process could not listen on."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise ClaimRefused(_port_sentence(bind, port, error)) from error


def _port_sentence(bind: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {bind} is taken by another program. Set TOPMAST_PORT to a free one, or stop it."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights this user does not have. Set TOPMAST_PORT to one above 1023."
    return f"{bind} is not an address of this machine ({error.strerror}). Set TOPMAST_BIND to one."
