"""One connected socket on a loop, with TLS or without: bytes in, bytes out, and the news that it is gone.

OpenSSL reads and writes the socket itself. A loop's own TLS stands between them with two buffers in memory
and a protocol object to a socket, and keeps each at the largest it ever was: of 2,100 sockets that say
little, these took as much memory as their keys.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Protocol

READ_BYTES = 256 * 1024
RECORD_BYTES = 16 * 1024
"""The most that one TLS record carries. Less, and nothing pending: most likely that was all there is."""

_WANTS_READ = (ssl.SSLWantReadError,)
_WANTS_WRITE = (ssl.SSLWantWriteError, BlockingIOError)


class Receiver(Protocol):
    """Who is told what comes. Called on the loop, one after the other."""

    def received(self, data: memoryview) -> None:
        """Some bytes; `data` is another's as soon as this returns."""

    def lost(self, error: OSError | None) -> None:
        """Nothing more will come: the other end has ended it, or `error` has. Not told of our own abort."""


class _Reading(threading.local):
    """Where bytes of all sockets of a thread arrive, one read after the other."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(READ_BYTES))


_reading = _Reading()


class Transport:
    """A connected, non-blocking socket, watched by the running loop until it is lost or aborted."""

    __slots__ = (
        "_backlog", "_buffer", "_is_pending", "_loop", "_receiver", "_sock", "_spares", "_waits_to_write",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, receiver: Receiver) -> None:
        self._sock: socket.socket | None = sock
        self._receiver: Receiver | None = receiver
        self._buffer = _reading.buffer
        self._backlog = b""
        self._waits_to_write = False
        self._spares = isinstance(sock, ssl.SSLSocket)
        """Whether OpenSSL may hold a buffer that it needs no more."""
        self._is_pending: Callable[[], int] = sock.pending if isinstance(sock, ssl.SSLSocket) else _nothing
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._ready)

    @property
    def peer(self) -> str:
        """The address of the other end; empty where the socket is closed."""
        try:
            return str(self._sock.getpeername()[0]) if self._sock is not None else ""
        except OSError:
            return ""

    def write(self, data: bytes) -> None:
        """Send now, and what the socket does not take as soon as it does."""
        self._backlog += data
        self._flush()

    def abort(self) -> None:
        """Close at once. The receiver is not told."""
        sock, self._sock = self._sock, None
        if sock is None:
            return
        self._loop.remove_reader(sock.fileno())
        self._loop.remove_writer(sock.fileno())
        sock.close()
        self._backlog = b""
        self._is_pending = _nothing
        self._receiver = None  # It holds on to us: without this both would wait for the collector.

    def _ready(self) -> None:
        """The socket has something to read, or takes something: TLS may need either for either."""
        if self._backlog:
            self._flush()
        self._read()

    def _read(self) -> None:
        """Hand on one buffer full at most: a cluster that floods us must not hold up the others."""
        count, is_lost, error = self._fill()
        if count and self._spares and not is_lost:
            self._release()
        if count and self._receiver is not None:
            self._receiver.received(self._buffer[:count])
        if is_lost:
            self._lose(error)
        elif count == READ_BYTES and self._is_pending():
            # OpenSSL has it already: the loop would not tell of it.
            self._loop.call_soon(self._read)

    def _fill(self) -> tuple[int, bool, OSError | None]:
        """Read what there is; how much that was, and whether and why nothing will follow."""
        sock, filled = self._sock, 0
        while sock is not None and filled < READ_BYTES:
            try:
                count = sock.recv_into(self._buffer[filled:])
            except _WANTS_WRITE as error:
                if isinstance(error, ssl.SSLWantWriteError):
                    self._wait_to_write()
                break
            except _WANTS_READ:
                break
            except OSError as error:
                return filled, True, error
            if count == 0:
                return filled, True, None
            filled += count
            if count < RECORD_BYTES and not self._is_pending():
                break
        return filled, False, None

    def _release(self) -> None:
        """Write nothing, which frees 16 KB: session tickets come before the first answer, and reading them
        takes a buffer to write that is kept until something is written. On a watch nothing ever is.
        """
        self._spares = False
        if self._sock is not None and not self._backlog:
            with contextlib.suppress(OSError):  # Whatever is wrong, the next read tells.
                self._sock.send(b"")

    def _flush(self) -> None:
        while self._backlog and self._sock is not None:
            try:
                sent = self._sock.send(self._backlog)
            except _WANTS_READ:
                return
            except _WANTS_WRITE:
                self._wait_to_write()
                return
            except OSError as error:
                self._lose(error)
                return
            self._backlog = self._backlog[sent:]
        if self._waits_to_write and self._sock is not None:
            self._waits_to_write = False
            self._loop.remove_writer(self._sock.fileno())

    def _wait_to_write(self) -> None:
        if self._sock is not None and not self._waits_to_write:
            self._waits_to_write = True
            self._loop.add_writer(self._sock.fileno(), self._ready)

    def _lose(self, error: OSError | None) -> None:
        receiver = self._receiver
        self.abort()
        if receiver is not None:
            receiver.lost(error)


async def connect(address: str, port: int) -> socket.socket:
    """A non-blocking socket that is connected to a numeric address. Raises OSError."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def secure(sock: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    """Shake hands over a connected socket, which is no longer the caller's. Raises OSError (ssl.SSLError)."""
    try:
        wrapped = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    try:
        await _shake_hands(wrapped)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        wrapped.close()
        raise ConnectionResetError("the connection was closed during the TLS handshake") from error
    except BaseException:
        wrapped.close()
        raise
    return wrapped


async def _shake_hands(sock: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            await _until(sock, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _until(sock, loop.add_writer, loop.remove_writer)
        else:
            return


async def _until(sock: socket.socket, watch: Callable[..., object], unwatch: Callable[[int], object]) -> None:
    """Wait until the loop sees the socket ready."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    watch(sock.fileno(), _set, ready)
    try:
        await ready
    finally:
        unwatch(sock.fileno())


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _nothing() -> int:
    return 0
