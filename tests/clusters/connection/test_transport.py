"""Sockets of our own, over TLS and plain, on the worker's own loop and on asyncio's."""

import asyncio
import contextlib
import ctypes
import gc
import socket
import ssl
import struct
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.guard import LOOPBACK
from clusters.connection.http import Connection
from clusters.connection.settings import ConnectionSettings
from clusters.connection.transport import READ_BYTES, Transport
from clusters.connection.wire import Wire
from tests.clusters.certificates import Pair, make_pair
from tests.clusters.connection.scripted import json_answer
from tests.simulated import simulated

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> asyncio.Runner:
    return asyncio.Runner(loop_factory=request.param)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return make_pair()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def tls(request: pytest.FixtureRequest, pair: Pair, tmp_path: Path) -> ssl.SSLContext:
    return server_context(pair, tmp_path, request.param)


def server_context(pair: Pair, folder: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    (folder / "server.pem").write_text(pair.certificate_pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    context.load_cert_chain(folder / "server.pem")
    return context


@contextlib.asynccontextmanager
async def served(
    answering: Answering, tls: ssl.SSLContext | None, pair: Pair, **facts: object
) -> AsyncIterator[Connection]:
    """A connection to a server that treats each of its connections so."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await answering(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls, limit=1 << 24) as server:
        port = server.sockets[0].getsockname()[1]
        settings = {"ca_pem": pair.certificate_pem, "allowed_ranges": LOOPBACK, "token": "t", **facts}
        scheme = "https" if tls else "http"
        connection = Connection(ConnectionSettings(server=f"{scheme}://127.0.0.1:{port}", **settings))  # type: ignore[arg-type]
        try:
            yield connection
        finally:
            await connection.close()
            await asyncio.sleep(0.05)  # The server's side notices.


def answering_with(body: bytes) -> Answering:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(json_answer(body))
            await writer.drain()

    return answer


def test_answers_of_any_size_come_whole(runner: asyncio.Runner, tls: ssl.SSLContext, pair: Pair) -> None:
    async def bodies() -> list[bytes]:
        taken = []
        for size in (0, 1, 16_383, 16_384, 16_385, READ_BYTES, 3_000_001):
            async with served(answering_with(bytes(range(256)) * (size // 256 + 1)), tls, pair) as connection:
                for _ in range(2):
                    taken.append(bytes((await connection.get("/x")).body))
        return taken

    with runner:
        for body in runner.run(bodies()):
            assert body == bytes(range(256)) * (len(body) // 256)


def test_a_request_larger_than_the_socket_takes_at_once_arrives_whole(
    runner: asyncio.Runner, tls: ssl.SSLContext, pair: Pair
) -> None:
    sent = bytes(range(256)) * 40_000
    taken: list[bytes] = []

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        taken.append(await reader.readexactly(len(sent)))
        writer.write(json_answer(b"{}"))
        await writer.drain()

    async def ask() -> int:
        async with served(slowly, tls, pair) as connection:
            return (await connection.post("/x", sent)).status

    with runner:
        assert runner.run(ask()) == 200
    assert taken == [sent]


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
def test_a_socket_lost_in_the_middle_of_an_answer_is_named(
    runner: asyncio.Runner, tls: ssl.SSLContext, pair: Pair, is_reset: bool
) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(json_answer(b"x" * 100)[:-50])
        await asyncio.sleep(0.05)
        if is_reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def ask() -> Reason:
        async with served(half, tls, pair) as connection:
            with pytest.raises(ClusterError) as raised:
                await connection.get("/x", deadline_seconds=3)
            return raised.value.reason

    with runner:
        assert runner.run(ask()) is Reason.PROTOCOL


def test_a_socket_the_server_closed_while_idle_is_not_used_again(
    runner: asyncio.Runner, tls: ssl.SSLContext, pair: Pair
) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(json_answer(b"{}"))
        await writer.drain()

    async def ask() -> int:
        async with served(once, tls, pair) as connection:
            for _ in range(2):
                await connection.get("/x", deadline_seconds=3)
                await asyncio.sleep(0.05)
            return sum(wire.is_open for wire in connection._open)

    with runner:
        assert runner.run(ask()) == 0


def test_a_server_that_closes_in_the_handshake_is_told_from_one_without_tls(runner: asyncio.Runner) -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)

    async def babbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def said(answering: Answering) -> str:
        async with served(answering, None, make_pair()) as connection:
            plain = connection.settings.server
            object.__setattr__(connection.settings, "server", plain.replace("http:", "https:"))
            with pytest.raises(ClusterError) as raised:
                await connection.get("/x", deadline_seconds=3)
            assert raised.value.reason is Reason.PROTOCOL
            return str(raised.value)

    with runner:
        assert "was closed before the API server answered" in runner.run(said(closing))
        assert "does not speak TLS" in runner.run(said(babbling))


def test_a_handshake_that_never_ends_gives_its_socket_back(runner: asyncio.Runner, pair: Pair) -> None:
    closed = []

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        closed.append(True)

    async def ask() -> None:
        async with served(mute, None, pair) as connection:
            plain = connection.settings.server
            object.__setattr__(connection.settings, "server", plain.replace("http:", "https:"))
            with pytest.raises(ClusterError) as raised:
                await connection.get("/x", deadline_seconds=0.2)
            assert raised.value.reason is Reason.TIMEOUT
            await asyncio.sleep(0.05)

    with runner:
        runner.run(ask())
    assert closed == [True]


def test_a_wrong_name_and_an_unknown_authority_are_not_trusted(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    pair, other = make_pair(), make_pair()
    context = server_context(pair, tmp_path, ssl.TLSVersion.TLSv1_3)

    async def reason(**facts: object) -> Reason:
        async with served(answering_with(b"{}"), context, pair, **facts) as connection:
            with pytest.raises(ClusterError) as raised:
                await connection.get("/x", deadline_seconds=3)
            return raised.value.reason

    with runner:
        assert runner.run(reason(tls_server_name="another.example")) is Reason.TLS_UNTRUSTED
        assert runner.run(reason(ca_pem=other.certificate_pem)) is Reason.TLS_UNTRUSTED


def test_an_address_of_ipv6_is_reached(runner: asyncio.Runner) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")

    async def ask() -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(json_answer(b"{}"))
            writer.close()

        async with await asyncio.start_server(answer, "::1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            settings = ConnectionSettings(server=f"http://[::1]:{port}", allowed_ranges=LOOPBACK)
            connection = Connection(settings)
            body = (await connection.get("/x", deadline_seconds=3)).body
            await connection.close()
            await asyncio.sleep(0.05)
        return bytes(body)

    with runner:
        assert runner.run(ask()) == b"{}"


def test_a_flood_does_not_hold_up_another_socket() -> None:
    """One buffer full of the flood, then everybody else's turn, though the flood has more at hand."""

    class Noting:
        def __init__(self, name: str) -> None:
            self.name = name

        def received(self, data: memoryview) -> None:
            said.append(self.name)

        def lost(self, error: OSError | None) -> None:
            pass

    said: list[str] = []

    async def both() -> None:
        pairs = [socket.socketpair() for _ in range(2)]
        for ours, theirs in pairs:
            ours.setblocking(False)
            theirs.setblocking(False)
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        (flooded, flood), (calm, small) = pairs
        assert flood.send(b"x" * (READ_BYTES * 3)) > READ_BYTES
        small.send(b"y")
        transports = [Transport(flooded, Noting("flood")), Transport(calm, Noting("calm"))]
        while "calm" not in said:
            await asyncio.sleep(0)
        for transport in transports:
            transport.abort()
        flood.close()
        small.close()

    asyncio.run(both())
    assert said.index("calm") <= 1


def test_a_closed_socket_is_freed_without_the_collector(tmp_path: Path) -> None:
    pair = make_pair()
    context = server_context(pair, tmp_path, ssl.TLSVersion.TLSv1_3)

    async def dropped() -> weakref.ref[Wire]:
        async with served(answering_with(b"x" * 200_000), context, pair) as connection:
            await connection.get("/api/v1/pods")
            (wire,) = connection._open
            gone = weakref.ref(wire)
            del wire
        return gone

    gc.disable()
    try:
        assert uvloop.run(dropped())() is None
    finally:
        gc.enable()


HELD = 60


class _Allocated(ctypes.Structure):
    """What glibc's mallinfo2 tells."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
                     "fordblks", "keepcost")
    ]  # fmt: skip


def _allocated_bytes() -> int:
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Allocated
    return int(mallinfo().uordblks)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="only glibc tells")
def test_a_held_connection_keeps_no_buffer_of_tls_after_an_answer() -> None:
    """Some 20 KB each, of OpenSSL's keys; 36 with the buffer that session tickets leave behind."""

    async def grown_bytes(settings: ConnectionSettings) -> float:
        connections = [Connection(settings) for _ in range(HELD)]
        await connections[0].get("/version")  # Makes the TLS context, which all share here.
        for each in connections:
            each._security = connections[0]._security
        before = _allocated_bytes()
        for each in connections:
            await each.get("/version")
        grown = _allocated_bytes() - before
        for each in connections:
            await each.close()
        return grown / HELD

    with simulated("tiny") as cluster:
        settings = ConnectionSettings(
            server=cluster.address, ca_pem=cluster.ca_pem, token=cluster.token, allowed_ranges=LOOPBACK
        )
        assert uvloop.run(grown_bytes(settings)) < 28_000
