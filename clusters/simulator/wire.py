"""HTTP/1.1 on an asyncio transport: requests in, answers out, streams held open.

Written on httptools because one process serves thousands of held watches. It knows nothing of
Kubernetes; whoever answers is given as a coroutine function.
"""

import asyncio
import contextlib
import logging
import struct
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import parse_qsl, unquote

import httptools

SLICE_BYTES = 256 << 10
CONTENT_LENGTH_LIMIT_BYTES = 2048
"""Go's server names the length of a body up to this and sends what is longer in chunks."""
GZIP_FROM_BYTES = 128 << 10
BODY_LIMIT_BYTES = 3 << 20
HEADER_LIMIT_BYTES = 1 << 20
WATCHER_BUFFER_BYTES = 8 << 20

log = logging.getLogger(__name__)

Headers = tuple[tuple[str, str], ...]


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    peer_certificate: dict[str, object] | None = None


@dataclass
class Answer:
    """One whole answer. `parts` are joined on the wire; `is_raw` parts are all there is, no head is made."""

    status: int = 200
    headers: Headers = (("Content-Type", "application/json"),)
    parts: Iterable[bytes] = ()
    date_offset_seconds: float = 0.0
    may_compress: bool = True


@dataclass
class RawAnswer:
    """Bytes sent as they are, slice by slice with pauses, and then perhaps the end of the connection."""

    slices: AsyncIterator[bytes]
    closes: bool = True
    aborts: bool = False


class Stream:
    """The body of one answer that goes on and on. Ends when either side has had enough."""

    def __init__(self, connection: "HttpConnection") -> None:
        self._connection = connection
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ends_cleanly = True

    def send(self, data: bytes) -> None:
        """Send one chunk now. A reader that has fallen too far behind is cut off, as the real one does."""
        transport = self._connection.transport
        if transport is None or self.ended.done():
            return
        if transport.get_write_buffer_size() > WATCHER_BUFFER_BYTES:
            self.abort()
            return
        self._connection.write(b"%x\r\n%b\r\n" % (len(data), data))

    async def drain(self) -> None:
        """Wait until the reader has taken most of what was sent."""
        await self._connection.drain()

    def end(self) -> None:
        """End the answer properly."""
        if not self.ended.done():
            self.ended.set_result(None)

    def abort(self) -> None:
        """End the connection in the middle of the answer."""
        self.ends_cleanly = False
        self.end()


@dataclass
class StreamAnswer:
    """An answer whose body is written by `run` for as long as it likes."""

    run: Callable[[Stream], Awaitable[None]]
    status: int = 200
    headers: Headers = (("Content-Type", "application/json"),)
    date_offset_seconds: float = 0.0


AnyAnswer = Answer | RawAnswer | StreamAnswer | None
Answerer = Callable[[Request, "HttpConnection"], Awaitable[AnyAnswer]]


@dataclass
class _Arriving:
    target: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    head_bytes: int = 0


class HttpConnection(asyncio.Protocol):
    """One client's connection. Answers one request at a time, in order."""

    def __init__(self, answerer: Answerer, connections: set["HttpConnection"]) -> None:
        self._answerer = answerer
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._arriving = _Arriving()
        self._waiting: list[Request] = []
        self._task: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._frozen: list[bytes] | None = None
        self.transport: asyncio.Transport | None = None
        self.stream: Stream | None = None
        self.peer_certificate: dict[str, object] | None = None

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop: somebody has connected."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]
        self.peer_certificate = transport.get_extra_info("peercert") or None
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop: the client has gone."""
        self.transport = None
        self._connections.discard(self)
        self._may_write.set()
        if self.stream is not None:
            self.stream.abort()
        elif self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Called by the loop: bytes from the client."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.close()

    def pause_writing(self) -> None:
        """Called by the loop: the client reads slowly."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Called by the loop: the client has caught up."""
        self._may_write.set()

    # httptools calls these

    def on_message_begin(self) -> None:
        """Called by the parser: a request begins."""
        self._arriving = _Arriving()

    def on_url(self, url: bytes) -> None:
        """Called by the parser: a piece of the target."""
        self._arriving.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser: one header."""
        self._arriving.head_bytes += len(name) + len(value)
        if self._arriving.head_bytes > HEADER_LIMIT_BYTES:
            raise ValueError("the request's headers are larger than 1 MiB")
        self._arriving.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Called by the parser: a piece of the body."""
        if len(self._arriving.body) + len(body) > BODY_LIMIT_BYTES:
            raise ValueError("the request's body is larger than 3 MiB")
        self._arriving.body += body

    def on_message_complete(self) -> None:
        """Called by the parser: a request is whole."""
        target = self._arriving.target.decode("latin-1")
        path, _, query = target.partition("?")
        request = Request(
            method=self._parser.get_method().decode("latin-1"),
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=self._arriving.headers,
            body=bytes(self._arriving.body),
            peer_certificate=self.peer_certificate,
        )
        self._waiting.append(request)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    # what answers use

    def write(self, data: bytes) -> None:
        """Write, unless the connection is gone; while frozen, hold back."""
        if self._frozen is not None:
            self._frozen.append(data)
        elif self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken most of what was written."""
        await self._may_write.wait()

    def freeze(self) -> None:
        """From now on nothing leaves, as from a stopped process."""
        if self._frozen is None:
            self._frozen = []

    def thaw(self) -> None:
        """Send what was held back, and go on."""
        held, self._frozen = self._frozen, None
        if held:
            self.write(b"".join(held))

    def close(self) -> None:
        """End properly, once what was written is sent."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """End at once: the client sees a reset."""
        if self.transport is None:
            return
        socket = self.transport.get_extra_info("socket")
        if socket is not None:
            # Without lingering, what is not sent is thrown away and the peer gets a reset.
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def _work(self) -> None:
        try:
            while self._waiting and self.transport is not None:
                request = self._waiting.pop(0)
                answer = await self._answerer(request, self)
                keeps = request.headers.get("connection", "").lower() != "close"
                if not await self._send(answer, request) or not keeps:
                    self.close()
                    return
        except asyncio.CancelledError:
            return
        except Exception:
            log.exception("A request could not be answered")
            self.abort()
        finally:
            self._task = None

    async def _send(self, answer: AnyAnswer, request: Request) -> bool:
        """Send one answer; False where the connection must not be used again."""
        if answer is None:
            return False
        if isinstance(answer, StreamAnswer):
            return await self._send_stream(answer)
        if isinstance(answer, RawAnswer):
            return await self._send_raw(answer)
        await self._send_whole(answer, request)
        return True

    async def _send_whole(self, answer: Answer, request: Request) -> None:
        parts = list(answer.parts)
        body_bytes = sum(map(len, parts))
        headers = list(answer.headers)
        if answer.may_compress and body_bytes > GZIP_FROM_BYTES and _accepts_gzip(request):
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
            chunks = _gzipped(parts)
        elif body_bytes > CONTENT_LENGTH_LIMIT_BYTES:
            chunks = _sliced(parts)
        else:
            headers.append(("Content-Length", str(body_bytes)))
            head = head_bytes(answer.status, headers, answer.date_offset_seconds)
            self.write(head + b"".join(parts))
            return
        headers.append(("Transfer-Encoding", "chunked"))
        self.write(head_bytes(answer.status, headers, answer.date_offset_seconds))
        for chunk in chunks:
            self.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await self.drain()
        self.write(b"0\r\n\r\n")

    async def _send_stream(self, answer: StreamAnswer) -> bool:
        headers = [*answer.headers, ("Transfer-Encoding", "chunked")]
        self.write(head_bytes(answer.status, headers, answer.date_offset_seconds))
        stream = self.stream = Stream(self)
        try:
            await answer.run(stream)
        finally:
            self.stream = None
            stream.end()
        if not stream.ends_cleanly:
            self.abort()
            return False
        self.write(b"0\r\n\r\n")
        return True

    async def _send_raw(self, answer: RawAnswer) -> bool:
        async with contextlib.aclosing(answer.slices) as slices:  # type: ignore[type-var]
            async for piece in slices:
                if self.transport is None:
                    return False
                self.write(piece)
                await self.drain()
        if answer.aborts:
            self.abort()
        return not (answer.closes or answer.aborts)


def head_bytes(status: int, headers: Iterable[tuple[str, str]], date_offset_seconds: float = 0.0) -> bytes:
    """The status line and the headers of an answer, ready to send."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Date: {_date(date_offset_seconds)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _date(offset_seconds: float) -> str:
    return formatdate(time.time() + offset_seconds, usegmt=True)


def _accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _sliced(parts: Iterable[bytes]) -> Iterable[bytes]:
    pending: list[bytes] = []
    pending_bytes = 0
    for part in parts:
        pending.append(part)
        pending_bytes += len(part)
        if pending_bytes >= SLICE_BYTES:
            yield b"".join(pending)
            pending, pending_bytes = [], 0
    if pending_bytes:
        yield b"".join(pending)


def _gzipped(parts: Iterable[bytes]) -> Iterable[bytes]:
    squeeze = zlib.compressobj(level=1, wbits=31)
    for piece in _sliced(parts):
        if squeezed := squeeze.compress(piece):
            yield squeezed
    yield squeeze.flush()
