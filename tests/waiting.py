"""What tests of real processes need: a port, and waiting. No other test may wait."""

import contextlib
import random
import socket
import time
from collections.abc import Callable

# Below Linux' range for outgoing connections (from 32768) and beside the real API servers' own: it is still
# free when its server has started, whatever else runs by then.
_FIRST_PORT, _LAST_PORT = 10_000, 17_999


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
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randint(_FIRST_PORT, _LAST_PORT)))
            return int(probe.getsockname()[1])
