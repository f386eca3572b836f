"""A port with a cluster behind it: open, refusing, or accepting and never saying a word."""

import asyncio
import ssl

from clusters.simulator.wire import Answerer, HttpConnection

LOOPBACK = "127.0.0.1"


class Listener:
    """One port. Keeps it over refusals, so that a cluster that is back is where it was."""

    def __init__(self, answerer: Answerer, tls: ssl.SSLContext | None, *, bind: str = LOOPBACK) -> None:
        self._bind = bind
        self._answerer = answerer
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._silent: set[asyncio.BaseTransport] = set()
        self.connections: set[HttpConnection] = set()
        self.port = 0
        self._is_silent = False

    @property
    def is_open(self) -> bool:
        """Whether it takes connections and answers."""
        return self._server is not None and not self._is_silent

    async def open(self, port: int = 0) -> int:
        """Accept connections. Port 0 takes any free one, or the one it had."""
        await self.close()
        self.port = await self._listen(self._protocol, self._tls, port or self.port)
        return self.port

    async def open_silently(self) -> None:
        """Accept connections, and neither shake hands nor answer."""
        await self.close()
        self._is_silent = True
        self.port = await self._listen(self._mute_protocol, None, self.port)

    async def close(self) -> None:
        """Refuse connections; those there are, are reset."""
        self._is_silent = False
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.reset_all()
        for transport in tuple(self._silent):
            transport.close()
        # Lets the loop close the sockets, so that the port can be taken again.
        await asyncio.sleep(0)

    def reset_all(self) -> None:
        """Reset every connection there is."""
        for connection in tuple(self.connections):
            connection.abort()

    async def _listen(self, protocol: object, tls: ssl.SSLContext | None, port: int) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(protocol, self._bind, port, ssl=tls, backlog=512)  # type: ignore[call-overload,arg-type]
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def _protocol(self) -> HttpConnection:
        return HttpConnection(self._answerer, self.connections)

    def _mute_protocol(self) -> asyncio.Protocol:
        return _Mute(self._silent)


class _Mute(asyncio.Protocol):
    def __init__(self, transports: set[asyncio.BaseTransport]) -> None:
        self._transports = transports
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._transports.discard(self._transport)
