"""The simulator's HTTP keeps its feet whatever a client sends."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulated import SimulatedCluster, simulated


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with simulated("tiny", frozen=0, plain=True) as running:
        yield running


def exchanged(cluster: SimulatedCluster, sent: bytes) -> bytes:
    """All that comes back for some bytes, to the end of the connection or half a second of silence."""
    received = b""
    with socket.create_connection(("127.0.0.1", urlsplit(cluster.address).port or 0), timeout=5) as opened:
        opened.sendall(sent)
        opened.settimeout(0.5)
        try:
            while piece := opened.recv(65_536):
                received += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"NONSENSE\r\n\r\n",
        b"GET /version HTTP/9.9\r\n\r\n",
        b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /version HTTP/1.1\r\nX-Filler: " + b"x" * 1_100_000 + b"\r\n\r\n",
        b"POST /version HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n" + bytes(4_000_000),
    ],
    ids=["tls", "nonsense", "version", "upgrade", "headers", "body"],
)
def test_what_is_no_request_gets_a_400_or_nothing_and_others_are_served(
    cluster: SimulatedCluster, sent: bytes
) -> None:
    received = exchanged(cluster, sent)

    assert received.partition(b"\r\n")[0] in (b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 200 OK", b"")
    assert cluster.get("/version").status == 200


def test_requests_sent_together_are_answered_in_order(cluster: SimulatedCluster) -> None:
    sent = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    sent += b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    received = exchanged(cluster, sent)

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"gitVersion") < received.index(b"\r\n\r\nok")


def test_a_connection_is_kept_for_the_next_request(cluster: SimulatedCluster) -> None:
    connection = cluster.connect()
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/version")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()

    assert len(sockets) == 1


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(cluster: SimulatedCluster) -> None:
    with cluster.watch("/api/v1/pods?watch=1") as events:
        next(events)
        assert cluster.control.connections()["tiny"]["watches"] == 1

    for _ in range(100):
        if cluster.control.connections()["tiny"] == {"open": 0, "watches": 0}:
            return
    pytest.fail("the watch is still held")
