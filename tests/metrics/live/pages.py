"""Pages as the tests play them: real websockets to a real uvicorn."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from clusters.access.models import User
from metrics.live import hub as hubs
from metrics.live.protocol import BoundedWebSocketProtocol

HOST = "127.0.0.1"
Message = dict[str, Any]


@contextlib.asynccontextmanager
async def a_web_process(application: Any) -> AsyncIterator[int]:
    """A web process on a port of its own; gives the port."""
    config = uvicorn.Config(
        application, host=HOST, port=0, ws=BoundedWebSocketProtocol, lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        await serving
        await stop_hub()


async def stop_hub() -> None:
    """End the hub of this process, so that the next test has its own."""
    if hubs._hub is not None:
        await hubs._hub.stop()
        hubs._hub = None


class Page:
    """One open page."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def next(self, seconds: float = 5) -> Message:
        """The next message that is no heartbeat."""
        async with asyncio.timeout(seconds):
            while True:
                message: Message = json.loads(await self.socket.recv())
                if message["type"] != "heartbeat":
                    return message

    async def until(self, is_it: Callable[[Message], bool], seconds: float = 10) -> Message:
        """The first message that is the one."""
        async with asyncio.timeout(seconds):
            while not is_it(message := await self.next(seconds)):
                pass
            return message

    async def beat(self, *, reading: bool, seconds: float = 5) -> Message:
        """The first heartbeat that says so."""
        async with asyncio.timeout(seconds):
            while True:
                message: Message = json.loads(await self.socket.recv())
                if message["type"] == "heartbeat" and message["reading"] is reading:
                    return message

    async def close_code(self, seconds: float = 5) -> int:
        """Read on until the socket is closed; why it was."""
        async with asyncio.timeout(seconds):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed:
                return self.socket.close_code or 0


@sync_to_async
def cookie_of(user: User) -> str:
    """The session cookie of somebody who signed in."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextlib.asynccontextmanager
async def a_page(
    port: int, path: str, cookie: str = "", *, origin: str | None = "", headers: dict[str, str] | None = None
) -> AsyncIterator[Page]:
    """A page that opens a socket; its origin is the portal's unless said otherwise."""
    brought = {**({"Cookie": cookie} if cookie else {}), **(headers or {})}
    wanted = settings.SOCKET_ORIGINS[0] if origin == "" else origin
    async with connect(
        f"ws://{HOST}:{port}{path}", additional_headers=brought, origin=wanted, max_size=None, proxy=None
    ) as socket:
        yield Page(socket)
