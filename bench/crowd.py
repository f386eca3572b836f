"""Many receivers on addresses of their own on loopback, some of which fail; and when each heard what."""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.waiting import free_port

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
BROKEN = b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
HANG_SECONDS = 20.0
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Came(NamedTuple):
    """One request: when, to which receiver, what."""

    at_seconds: float
    address: str
    body: bytes


class Crowd:
    """So many receivers; every tenth fails, by turns with an answer of 500 and with none."""

    def __init__(self, count: int) -> None:
        self.port = free_port()
        self.addresses = [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]
        self.failing = frozenset(self.addresses[::10])
        self.hanging = frozenset(self.addresses[::20])
        self.came: list[Came] = []
        self._is_over = asyncio.Event()

    @property
    def healthy(self) -> list[str]:
        """Those that answer."""
        return [address for address in self.addresses if address not in self.failing]

    def url(self, address: str) -> str:
        """Where one is asked."""
        return f"http://{address}:{self.port}/hook"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        address = str(writer.get_extra_info("sockname")[0])
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            self.came.append(Came(time.monotonic(), address, body))
            if address in self.hanging:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._is_over.wait(), HANG_SECONDS)
            writer.write(BROKEN if address in self.failing else OK)
            await writer.drain()
        writer.close()

    async def end(self, server: asyncio.Server) -> None:
        """Take no more, and let go of whoever hangs."""
        server.close()
        self._is_over.set()
        if hanging := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(hanging, timeout=5)


@contextmanager
def a_crowd(count: int) -> Iterator[Crowd]:
    """Receivers until the end of the block."""
    crowd = Crowd(count)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.start_server(crowd.answer, host=crowd.addresses, port=crowd.port, backlog=16)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result(30)
    try:
        yield crowd
    finally:
        asyncio.run_coroutine_threadsafe(crowd.end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
