"""A server that says exactly what a test tells it to, byte by byte, over plain HTTP on the loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

from clusters.connection.http import Connection
from clusters.connection.settings import ConnectionSettings

Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]

LOOPBACK = (ip_network("127.0.0.0/8"),)


def json_answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer with its length."""
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


def saying(*pieces: bytes, pause_seconds: float = 0.0, closes: bool = False) -> Script:
    """A script that sends pieces, with a pause before each but the first."""

    async def script(_request: bytes, writer: asyncio.StreamWriter) -> None:
        for number, piece in enumerate(pieces):
            if number and pause_seconds:
                await asyncio.sleep(pause_seconds)
            writer.write(piece)
            await writer.drain()
        if closes:
            writer.close()

    return script


class ScriptedServer:
    """Counts connections and requests; answers each request with the script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.connections = 0
        self.requests: list[bytes] = []
        self.address = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self.script(self.requests[-1], writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted(script: Script, **settings: object) -> AsyncIterator[tuple[ScriptedServer, Connection]]:
    """A scripted server and a connection to it."""
    server = ScriptedServer(script)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.address = f"http://127.0.0.1:{port}"
    facts = {"server": server.address, "allowed_ranges": LOOPBACK, "token": "s3cret-canary", **settings}
    connection = Connection(ConnectionSettings(**facts))  # type: ignore[arg-type]
    try:
        yield server, connection
    finally:
        await connection.close()
        listening.close()
