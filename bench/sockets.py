"""Pages as the measurement plays them: as little as a websocket client can be.

A browser is not measured here, and a general client would be the slowest part of a hundred pages.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable

HEAD_END = b"\r\n\r\n"
TEXT, CONTINUATION, CLOSE, PING, PONG = 1, 0, 8, 9, 10

OnMessage = Callable[[float, bytes], None]
"""Gets the moment of arrival (UTC ms, with fractions) and the text."""


def split_frames(data: bytes) -> tuple[list[tuple[int, bool, bytes]], bytes]:
    """The whole frames in what a server sent, as (opcode, is last, payload), and what is left over.

    >>> split_frames(b"\\x81\\x02hi\\x81\\x05hel")
    ([(1, True, b'hi')], b'\\x81\\x05hel')
    """
    frames = []
    at = 0
    while len(data) - at >= 2:
        first, size = data[at], data[at + 1] & 0x7F
        begin = at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            if len(data) < begin + width:
                break
            size = int.from_bytes(data[begin : begin + width], "big")
            begin += width
        if len(data) < begin + size:
            break
        frames.append((first & 0x0F, bool(first & 0x80), data[begin : begin + size]))
        at = begin + size
    return frames, data[at:]


def masked(opcode: int, payload: bytes) -> bytes:
    """A short frame as a client sends it, with a mask of zeros."""
    if len(payload) > 125:
        raise ValueError("only short frames are sent")
    return bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload


class PageSocket(asyncio.Protocol):
    """One open page. `opened` is done once it is accepted; `code` is why it was closed."""

    def __init__(self, request: bytes, on_message: OnMessage) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.code = 0
        self.transport: asyncio.Transport
        self._request = request
        self._on_message = on_message
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = 0
        self._parts: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        at_ms = time.time_ns() / 1e6
        self._pieces.append(data)
        self._size += len(data)
        if self._size < self._wanted:
            return  # In the middle of a long message: joining it for each piece would cost its square.
        data = b"".join(self._pieces)
        if not self.opened.done():
            data = self._take_head(data)
        frames, rest = split_frames(data)
        self._pieces, self._size = [rest], len(rest)
        self._wanted = _wanted_bytes(rest)
        for opcode, is_last, payload in frames:
            self._take(opcode, is_last, payload, at_ms)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the portal closed the page's socket at once"))

    def _take_head(self, data: bytes) -> bytes:
        head, end, rest = data.partition(HEAD_END)
        if not end:
            return data
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.opened.set_exception(ConnectionError(head.decode("latin-1")))
            return b""
        self.opened.set_result(None)
        return rest

    def _take(self, opcode: int, is_last: bool, payload: bytes, at_ms: float) -> None:
        if opcode == PING:
            self.transport.write(masked(PONG, payload))
        elif opcode == CLOSE:
            self.code = int.from_bytes(payload[:2], "big")
            self.transport.close()
        elif opcode in (TEXT, CONTINUATION):
            self._parts.append(payload)
            if is_last:
                self._on_message(at_ms, b"".join(self._parts))
                self._parts = []


def _wanted_bytes(rest: bytes) -> int:
    if len(rest) >= 10 and rest[1] & 0x7F == 127:
        return 10 + int.from_bytes(rest[2:10], "big")
    return 0


async def open_page(port: int, path: str, token: str, on_message: OnMessage) -> PageSocket:
    """Open a page's socket with a program's token."""
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    _, page = await loop.create_connection(
        lambda: PageSocket(request.encode(), on_message), "127.0.0.1", port
    )
    async with asyncio.timeout(30):
        await page.opened
    return page
