"""Nobody can send more than a form."""

import asyncio
import json
import socket
import threading
import time

import pytest
import uvicorn

from portal.bodies import BoundedBodies

LIMIT_BYTES = 1_000


async def echo(scope, receive, send) -> None:
    """An application that reads the whole body, as Django does, and answers its size."""
    assert scope["type"] == "http"
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture(scope="module")
def port():
    """The application behind uvicorn."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    application = BoundedBodies(echo, limit_bytes=LIMIT_BYTES)
    server = uvicorn.Server(
        uvicorn.Config(application, http="httptools", ws="none", lifespan="off", log_level="error")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


def answered(port: int, request: bytes) -> bytes:
    """All that comes back to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(request)
        found = b""
        try:
            while chunk := line.recv(65536):
                found += chunk
        except ConnectionResetError:
            pass
        return found


def test_a_body_within_the_limit_passes(port) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1000

    assert b"\r\n1000\r\n" in answered(port, request)


def test_a_body_that_is_told_to_be_larger_is_refused_before_it_comes(port) -> None:
    answer = answered(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413") and b"application/problem+json" in head
    assert b'"code": "too_large"' in body


def test_an_endless_body_is_refused_while_it_comes(port) -> None:
    chunk = b"200\r\n" + b"a" * 0x200 + b"\r\n"

    answer = answered(port, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 3)

    assert answer.startswith(b"HTTP/1.1 413")


def test_the_refusal_is_a_problem_like_any_other(port) -> None:
    answer = answered(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n")

    assert b"too_large" in answer
    start = answer.index(b"{")
    assert json.loads(answer[start : answer.rindex(b"}") + 1])["status"] == 413
