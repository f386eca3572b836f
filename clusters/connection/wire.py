"""One HTTP/1.1 connection to an API server: bytes in, one exchange after the other.

Written with httptools on a socket of our own, because it is what the portal exists for: 2,100 held
streams and 28 small requests a second cost a fraction of what a general client costs, and every
byte is counted where it arrives, before anything is built from it.
"""

import asyncio
import ipaddress
import socket
import zlib
from collections.abc import Callable

import httptools

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.transport import Transport

HEAD_LIMIT_BYTES = 64 * 1024
HEADER_LIMIT = 200


class Exchange:
    """One request and its answer, as it comes in.

    `on_body` gets each decoded piece at once, inside the loop's read; it may raise ClusterError to end
    the exchange. `started` is done when the head is in, `finished` when the last byte is (or has failed).
    """

    def __init__(self, on_body: Callable[[bytes], None], *, limit_bytes: int | None) -> None:
        loop = asyncio.get_running_loop()
        self.on_body = on_body
        self.limit_bytes = limit_bytes
        self.status = 0
        self.headers: dict[str, str] = {}
        self.received_bytes = 0
        self.started: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        self._inflate: zlib._Decompress | None = None

    def begin_body(self) -> None:
        """The head is complete."""
        if self.headers.get("content-encoding", "") == "gzip":
            self._inflate = zlib.decompressobj(wbits=31)
        if not self.started.done():
            self.started.set_result(None)

    def take(self, data: bytes) -> None:
        """Count, inflate and hand on one piece of the body."""
        if self._inflate is None:
            self._hand_on(data)
            return
        while data:
            self._hand_on(self._inflate.decompress(data, 1 << 18))
            data = self._inflate.unconsumed_tail

    def _hand_on(self, piece: bytes) -> None:
        self.received_bytes += len(piece)
        if self.limit_bytes is not None and self.received_bytes > self.limit_bytes:
            raise ClusterError(
                Reason.TOO_LARGE,
                f"The API server's answer is larger than {self.limit_bytes // 1024} KiB.",
                "Read fewer objects from this cluster, or raise the limit.",
            )
        self.on_body(piece)

    def end(self) -> None:
        """The last byte is in."""
        for future in (self.started, self.finished):
            if not future.done():
                future.set_result(None)

    def fail(self, error: ClusterError) -> None:
        """Nothing more will come."""
        for future in (self.started, self.finished):
            if not future.done():
                future.set_exception(error)
                future.exception()  # Whoever waits sees it; nobody has to.


class Wire:
    """The socket of one connection. Holds at most one exchange at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self.exchange: Exchange | None = None
        self.is_open = True
        self._parser: httptools.HttpResponseParser | None = None
        self._head_bytes = self._header_bytes = self._head_lines = 0
        self._in_head = True
        self._keeps_alive = False
        self._transport = Transport(sock, self)

    @property
    def is_idle(self) -> bool:
        """Whether another request may be sent on it."""
        return self.is_open and self.exchange is None

    @property
    def is_remote(self) -> bool:
        """Whether the other end is out on the internet, not in a private network."""
        peer = self._transport.peer
        return bool(peer) and ipaddress.ip_address(peer.partition("%")[0]).is_global

    def send(self, request: bytes, exchange: Exchange) -> None:
        """Send one request; its answer goes to `exchange`."""
        self.exchange = exchange
        self._parser = httptools.HttpResponseParser(self)
        self._head_bytes = self._header_bytes = self._head_lines = 0
        self._in_head = True
        self._keeps_alive = False
        self._transport.write(request)

    def abort(self) -> None:
        """Close at once; an exchange under way fails."""
        self._close()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.fail(closed_midway())

    def give_up(self, error: ClusterError) -> None:
        """End the exchange under way with `error` and close."""
        self._close()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.fail(error)

    def received(self, data: memoryview) -> None:
        """Some bytes of the answer."""
        parser = self._parser
        if self.exchange is None or parser is None:
            self.abort()  # Nobody asked.
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self.give_up(_named(error.__context__ or error))
        except httptools.HttpParserError:
            self.give_up(_bad_answer("it is not HTTP"))
        except (ClusterError, zlib.error) as error:
            self.give_up(_named(error))
        else:
            if self._in_head and self._head_bytes > HEAD_LIMIT_BYTES:
                self.give_up(_bad_answer("its head is too long"))

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            return
        self._head_lines += 1
        if self._head_lines > HEADER_LIMIT:
            raise _bad_answer("it has too many headers")
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEAD_LIMIT_BYTES:
            raise _bad_answer("its head is too long")
        exchange.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200 or self.exchange is None:
            return  # 100 Continue and the like: the answer proper follows.
        self.exchange.status = status
        self._in_head = False
        self._keeps_alive = self._parser.should_keep_alive()
        self.exchange.begin_body()

    def on_body(self, body: bytes) -> None:
        if self.exchange is not None:
            self.exchange.take(body)

    def on_message_complete(self) -> None:
        exchange = self.exchange
        if exchange is None or exchange.status == 0:
            return
        self.exchange = None
        if not self._keeps_alive:
            self.abort()
        exchange.end()

    def lost(self, error: OSError | None) -> None:
        """The other end has closed, or the socket has failed."""
        self._close()
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        headers = exchange.headers
        ends_by_closing = "content-length" not in headers and "transfer-encoding" not in headers
        if exchange.status and ends_by_closing and error is None:
            exchange.end()
        else:
            exchange.fail(closed_midway())

    def _close(self) -> None:
        self.is_open = False
        self._parser = None  # It holds on to us.
        self._transport.abort()


def closed_midway() -> ClusterError:
    """The connection went away before the answer was whole."""
    return ClusterError(
        Reason.PROTOCOL,
        "The API server closed the connection in the middle of an answer.",
        "If it stays so, look at what stands between: a proxy, a load balancer, the API server's own log.",
    )


def _bad_answer(why: str) -> ClusterError:
    return ClusterError(
        Reason.PROTOCOL, f"The API server's answer cannot be read: {why}.", "Check the address and the port."
    )


def _named(error: BaseException) -> ClusterError:
    if isinstance(error, ClusterError):
        return error
    if isinstance(error, zlib.error):
        return _bad_answer("its compression is broken")
    return _bad_answer(type(error).__name__)
