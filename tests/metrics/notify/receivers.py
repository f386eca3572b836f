"""Receivers of messages over real sockets on loopback that answer, or fail to, as they are told."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"

Behaviour = Callable[["Call"], None]


@dataclass
class Call:
    """One request as it came, and the socket to answer it on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: socket.socket = field(repr=False)
    stopping: threading.Event = field(repr=False, default_factory=threading.Event)


def answer(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A whole answer."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Said\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode()
    return lambda call: call.connection.sendall(head + body)


def raw(content: bytes) -> Behaviour:
    """These bytes, then the end."""
    return lambda call: call.connection.sendall(content)


def hang(call: Call) -> None:
    """Say nothing until the test is over."""
    call.stopping.wait(30)


def drip(call: Call) -> None:
    """One byte of the head at a time, for as long as somebody listens."""
    with contextlib.suppress(OSError):
        for byte in OK[:-2] + b"x" * 10_000:
            call.connection.sendall(bytes([byte]))
            if call.stopping.wait(0.02):
                return


def die(call: Call) -> None:
    """Take the request and close without a word."""


def reset_after(content: bytes) -> Behaviour:
    """These bytes, then a reset."""

    def behave(call: Call) -> None:
        call.connection.sendall(content)
        call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def flood(call: Call) -> None:
    """A gigabyte, or as much of it as anybody takes."""
    call.connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(16384):
            call.connection.sendall(b"x" * 65536)


@dataclass
class Receiver:
    """Answers each path by its behaviour, `answer(200, b"ok")` where none was set."""

    port: int
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    scheme: str = "http"

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Its address."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def bodies(self, path: str = "/hook") -> list[bytes]:
        """What came to a path, in order."""
        return [call.body for call in self.calls if call.path == path]


@contextlib.contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    receiver = Receiver(listener.getsockname()[1], scheme="https" if context else "http")
    thread = threading.Thread(target=_accept, args=(listener, receiver, context), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _accept(listener: socket.socket, receiver: Receiver, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, receiver, context), daemon=True).start()


def _serve(connection: socket.socket, receiver: Receiver, context: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError):
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        call = _read(connection, receiver)
        if call is not None:
            receiver.calls.append(call)
            receiver.behaviours.get(call.path, raw(OK))(call)
    connection.close()


def _read(connection: socket.socket, receiver: Receiver) -> Call | None:
    content = b""
    while b"\r\n\r\n" not in content:
        piece = connection.recv(65536)
        if not piece:
            return None
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Call(method, path, headers, body, connection, receiver.stopping)
