"""Whatever a forbidden address is called, no socket is ever connected to it."""

import sys
from typing import Any

import pytest

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.guard import LOOPBACK, PRIVATE, parse_ranges
from clusters.connection.http import Connection
from clusters.connection.settings import ConnectionSettings

# Written as a kubeconfig, a proxy variable or a redirect might.
LOOPBACK_HOSTS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.255.255.254",
    "localhost",
    "LOCALHOST",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
)
NEVER_HOSTS = (
    "0",
    "0.0.0.0",
    "[::]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "100.100.100.200",
)


class _Watch:
    """The addresses that sockets of this process connect to while `is_on`."""

    def __init__(self) -> None:
        self.is_on = False
        self.connected: list[Any] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: Any) -> None:
        if self.is_on and event in ("socket.connect", "socket.sendto"):
            self.connected.append(arguments[1])


_watch = _Watch()


async def refusal(settings: ConnectionSettings) -> Reason:
    connection = Connection(settings)
    _watch.connected = []
    _watch.is_on = True
    try:
        with pytest.raises(ClusterError) as raised:
            await connection.get("/version", deadline_seconds=5)
    finally:
        _watch.is_on = False
        await connection.close()
    return raised.value.reason


async def test_the_watch_sees_a_connection_that_is_allowed() -> None:
    settings = ConnectionSettings(server="https://127.0.0.1:1", allowed_ranges=LOOPBACK)
    assert await refusal(settings) is Reason.REFUSED
    assert _watch.connected == [("127.0.0.1", 1)]


@pytest.mark.parametrize("host", [*LOOPBACK_HOSTS, *NEVER_HOSTS])
async def test_no_name_of_it_is_connected_to_without_a_range(host: str) -> None:
    assert await refusal(ConnectionSettings(server=f"https://{host}:6443")) is Reason.BLOCKED_ADDRESS
    assert _watch.connected == []


@pytest.mark.parametrize("host", NEVER_HOSTS)
async def test_no_range_lets_metadata_be_connected_to(host: str) -> None:
    settings = ConnectionSettings(server=f"https://{host}:80", allowed_ranges=(*LOOPBACK, *PRIVATE))
    assert await refusal(settings) is Reason.BLOCKED_ADDRESS
    assert _watch.connected == []


@pytest.mark.parametrize("host", NEVER_HOSTS)
async def test_no_proxy_is_connected_to_there_either(host: str) -> None:
    settings = ConnectionSettings(
        server="https://api.example.com", proxy_url=f"http://{host}:80", allowed_ranges=(*LOOPBACK, *PRIVATE)
    )
    assert await refusal(settings) is Reason.BLOCKED_ADDRESS
    assert _watch.connected == []


async def test_a_range_for_another_address_of_a_name_is_not_enough() -> None:
    settings = ConnectionSettings(server="https://localhost:1", allowed_ranges=parse_ranges("::1/128"))
    assert await refusal(settings) is Reason.BLOCKED_ADDRESS
    assert _watch.connected == []
