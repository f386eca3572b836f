"""Readers that do not read, and peers that do not keep to the rules."""

import asyncio
import base64
import contextlib
import os
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings

from metrics.live import frames, protocol
from metrics.live import hub as hubs
from metrics.live.protocol import BoundedWebSocketProtocol
from tests.builders import a_cluster, an_admin
from tests.metrics.live.builders import a_frame
from tests.metrics.live.pages import HOST, a_page, cookie_of
from tests.metrics.live.valkey import Valkey

TEXT, PING = 0x81, 0x89
_CLOSE = re.compile(rb"\x88[\x02-\x7d]([\x03\x11].)", re.DOTALL)


class RawPage:
    """A peer that speaks bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, opcode: int, payload: bytes) -> None:
        """One masked frame."""
        length = len(payload)
        size = bytes((0x80 | length,)) if length < 126 else bytes((0xFE,)) + struct.pack("!H", length)
        self.writer.write(bytes((opcode,)) + size + b"\0\0\0\0" + payload)

    async def close_code(self, seconds: float = 5) -> int:
        """The code in the close frame that the server sends."""
        heard = b""
        async with asyncio.timeout(seconds):
            while not (close := _CLOSE.search(heard)):
                more = await self.reader.read(4096)
                assert more, "the server hung up and gave no reason"
                heard += more
        return int.from_bytes(close[1], "big")


@asynccontextmanager
async def a_raw_page(port: int, path: str, cookie: str) -> AsyncIterator[RawPage]:
    """A page with a small receive buffer, after the handshake."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, (HOST, port))
    reader, writer = await asyncio.open_connection(sock=line, limit=2048)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nCookie: {cookie}\r\n"
        f"Origin: {settings.SOCKET_ORIGINS[0]}\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readline()
    while await reader.readline() != b"\r\n":
        pass
    try:
        yield RawPage(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def open_sockets() -> list[BoundedWebSocketProtocol]:
    """The sockets of this process that are served."""
    import gc

    return [one for one in gc.get_objects() if type(one) is BoundedWebSocketProtocol and not one.disconnected]


async def gone(seconds: float) -> bool:
    """Whether every page has been left within a time."""
    async with asyncio.timeout(seconds):
        while hubs._hub is None or hubs._hub._lines:
            await asyncio.sleep(0.05)
    return True


async def test_a_reader_who_stops_costs_little_and_is_cut_off(
    port: int, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "NO_PROGRESS_SECONDS", 1.0)
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_raw_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.reader.readexactly(1)  # Its picture is under way: from here on it is sent what changes.
        biggest = 0
        served = open_sockets()  # Once: to look for them takes long beside the second that a page is given.
        for number in range(2, 60):
            payload = frames.encode_frames([a_frame(cluster, number, changes=200)])
            await asyncio.to_thread(valkey.publish, frames.CHANNEL, payload)
            biggest = max(biggest, *(one.transport.get_write_buffer_size() for one in served))

        assert len(payload) > 50_000
        assert 0 < biggest < 512 * 1024
        assert await gone(seconds=4), "disconnect() must be called"


async def test_a_slow_reader_gets_the_latest_picture_and_not_a_queue(port: int, valkey: Valkey) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        page.socket.transport.pause_reading()
        for number in range(2, 200):
            payload = frames.encode_frames([a_frame(cluster, number, changes=200)])
            await asyncio.to_thread(valkey.publish, frames.CHANNEL, payload)
        page.socket.transport.resume_reading()
        got = [await page.next()]
        while got[-1]["place"] != "1.199":
            got.append(await page.next())

    assert "picture" in [message["type"] for message in got]
    assert len(got) < 150
    numbers = [int(message["place"].partition(".")[2]) for message in got]
    assert numbers == sorted(numbers)


async def test_a_header_that_promises_a_gigabyte_ends_the_socket_at_once(port: int) -> None:
    await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_raw_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        page.writer.write(bytes((TEXT, 0xFF)) + struct.pack("!Q", 1 << 30) + b"\0\0\0\0")

        assert await page.close_code() == 1009
    assert await gone(seconds=2)


async def test_many_small_parts_of_one_big_message_end_the_socket(port: int) -> None:
    await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_raw_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        page.say(0x01, b"x" * 1_000)
        for _ in range(10):
            page.say(0x00, b"x" * 1_000)

        assert await page.close_code() == 1009
    assert await gone(seconds=2)


@pytest.mark.parametrize(
    ("sent", "code"),
    [(b"\x81\x82\0\0\0\0\xff\xfe", 1007), (b"\x81\x05hello", 1002), (b"\xf1\x80\0\0\0\0", 1002)],
    ids=["not UTF-8", "not masked", "reserved bits"],
)
async def test_what_no_browser_sends_ends_the_socket(port: int, sent: bytes, code: int) -> None:
    await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_raw_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        page.writer.write(sent)

        assert await page.close_code() == code
    assert await gone(seconds=2)


async def test_pings_of_a_peer_who_reads_no_pong_fill_no_buffer(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "NO_PROGRESS_SECONDS", 1.0)
    await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_raw_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        biggest = 0
        for _ in range(60):
            for _ in range(500):
                page.say(PING, b"p" * 120)
            await asyncio.sleep(0.01)
            biggest = max(biggest, *(one.transport.get_write_buffer_size() for one in open_sockets()), 0)

        assert biggest < 512 * 1024
        assert await gone(seconds=8)


async def test_a_thousand_messages_a_second_end_the_socket_and_disturb_nobody(
    port: int, valkey: Valkey
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with (
        a_page(port, "/ws/clusters/prod-eu/", cookie) as quiet,
        a_raw_page(port, "/ws/clusters/prod-eu/", cookie) as loud,
    ):
        await quiet.next()
        for _ in range(1_000):
            loud.say(TEXT, b'{"type":"since","place":"1.1"}')
        assert await loud.close_code() == 4429
        await asyncio.to_thread(valkey.publish, frames.CHANNEL, frames.encode_frames([a_frame(cluster, 2)]))

        assert (await quiet.next(seconds=1))["place"] == "1.2"
