"""What tests of real processes need: a port, and waiting. No other test may wait."""

import socket
import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], *, within_seconds: float, what: str = "it") -> float:
    """Wait until something holds; how many seconds that took. Fails when it takes too long."""
    begin = time.monotonic()
    while not holds():
        waited = time.monotonic() - begin
        assert waited < within_seconds, f"{what} did not happen within {within_seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begin


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
