"""Bounded requests and streams."""

import asyncio
import gzip
import time

import pytest

from clusters.connection.errors import ClusterError, ExpiredVersion, Reason
from clusters.connection.http import Answer, raise_for_status, retry_after_seconds
from tests.clusters.connection.scripted import json_answer, saying, scripted


async def test_requests_share_one_connection_and_carry_the_credential() -> None:
    async with scripted(saying(json_answer(b'{"a":1}'))) as (server, connection):
        first = await connection.get("/version")
        second = await connection.get("/version")

    assert (first.status, second.body, server.connections) == (200, b'{"a":1}', 1)
    assert b"authorization: Bearer s3cret-canary" in server.requests[0]
    assert b"GET /version HTTP/1.1" in server.requests[0]


async def test_a_path_in_the_address_stands_before_each_request() -> None:
    async with scripted(saying(json_answer(b"{}"))) as (server, connection):
        object.__setattr__(connection.settings, "server", server.address + "/k8s/clusters/c-1/")
        await connection.get("/version")

    assert b"GET /k8s/clusters/c-1/version HTTP/1.1" in server.requests[0]


async def test_silence_ends_at_the_deadline() -> None:
    async with scripted(saying()) as (_, connection):
        began = time.monotonic()
        with pytest.raises(ClusterError) as raised:
            await connection.get("/version", deadline_seconds=0.2)

    assert raised.value.reason is Reason.TIMEOUT
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("part", ["head", "body"])
async def test_dripping_ends_at_the_deadline_however_alive_it_looks(part: str) -> None:
    whole = json_answer(b"x" * 100)
    start = 10 if part == "head" else len(whole) - 100
    pieces = [whole[:start], *(whole[i : i + 1] for i in range(start, len(whole)))]
    async with scripted(saying(*pieces, pause_seconds=0.05)) as (_, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/version", deadline_seconds=0.3)

    assert raised.value.reason is Reason.TIMEOUT


async def test_an_answer_over_the_cap_is_refused_while_it_comes() -> None:
    async with scripted(saying(json_answer(b"x" * 100_000))) as (_, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/api/v1/pods", limit_bytes=50_000)

    assert raised.value.reason is Reason.TOO_LARGE


async def test_a_compressed_bomb_is_capped_by_what_it_becomes() -> None:
    bomb = gzip.compress(b"0" * 300_000_000, compresslevel=1)
    answer = json_answer(bomb, headers="content-encoding: gzip\r\n")
    async with scripted(saying(answer)) as (_, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/api/v1/pods", limit_bytes=1 << 20)

    assert raised.value.reason is Reason.TOO_LARGE


async def test_compressed_answers_are_read() -> None:
    answer = json_answer(gzip.compress(b'{"a":1}'), headers="content-encoding: gzip\r\n")
    async with scripted(saying(answer)) as (_, connection):
        assert (await connection.get("/x")).body == b'{"a":1}'


async def test_a_connection_that_ends_midway_is_told_from_a_whole_answer() -> None:
    async with scripted(saying(json_answer(b"x" * 100)[:-50], closes=True)) as (_, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/x")

    assert raised.value.reason is Reason.PROTOCOL


async def test_an_answer_that_ends_by_closing_is_whole() -> None:
    answer = b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}"
    async with scripted(saying(answer, closes=True)) as (_, connection):
        assert (await connection.get("/x")).body == b"{}"


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x00\x01\x02\x03" * 50,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
    ],
    ids=["ssh", "binary", "many headers", "long header", "bad chunk", "bad gzip"],
)
async def test_garbage_is_a_named_error(garbage: bytes) -> None:
    async with scripted(saying(garbage)) as (_, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/x", deadline_seconds=2)

    assert raised.value.reason is Reason.PROTOCOL


async def test_a_closed_port_is_refused() -> None:
    async with scripted(saying()) as (server, connection):
        object.__setattr__(connection.settings, "server", "http://127.0.0.1:9")
        with pytest.raises(ClusterError) as raised:
            await connection.get("/x")

    assert raised.value.reason is Reason.REFUSED
    assert server.connections == 0


async def test_a_redirect_is_not_followed() -> None:
    answer = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with scripted(saying(answer)) as (server, connection):
        with pytest.raises(ClusterError) as raised:
            raise_for_status(await connection.get("/x"))

    assert raised.value.reason is Reason.NOT_KUBERNETES
    assert len(server.requests) == 1


async def test_no_address_outside_the_allowed_ranges_is_connected_to() -> None:
    async with scripted(saying(), allowed_ranges=()) as (server, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/x")

    assert raised.value.reason is Reason.BLOCKED_ADDRESS
    assert server.connections == 0


async def test_at_most_five_requests_are_in_flight() -> None:
    gate = asyncio.Event()
    waiting = 0
    most = 0

    async def held(_request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await gate.wait()
        waiting -= 1
        writer.write(json_answer(b"{}"))

    async with scripted(held) as (_, connection):
        asks = [asyncio.create_task(connection.get("/x")) for _ in range(12)]
        while most < 5:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        gate.set()
        await asyncio.gather(*asks)

    assert most == 5


async def test_a_stream_hands_on_each_piece_as_it_comes() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    pieces: list[bytes] = []
    script = saying(head, b"5\r\nhello\r\n", b"6\r\n world\r\n", b"0\r\n\r\n", pause_seconds=0.02)
    async with scripted(script) as (server, connection):
        stream = await connection.open_stream("/watch", pieces.append)
        assert stream.answer.status == 200
        await stream.ended()
        await connection.get("/again", deadline_seconds=1)

    assert b"".join(pieces) == b"hello world" and len(pieces) == 2
    assert server.connections == 1, "a stream that ended well leaves its connection for the next request"


async def test_a_refused_stream_tells_its_status_and_body() -> None:
    async with scripted(saying(json_answer(b'{"code":403}', status="403 Forbidden"))) as (_, connection):
        stream = await connection.open_stream("/watch", lambda _piece: None)

    assert (stream.answer.status, stream.answer.body) == (403, b'{"code":403}')


async def test_closing_a_stream_wakes_who_waits_for_it() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    async with scripted(saying(head)) as (_, connection):
        stream = await connection.open_stream("/watch", lambda _piece: None)
        waiting = asyncio.create_task(stream.ended())
        await asyncio.sleep(0)
        stream.close(ClusterError(Reason.TIMEOUT, "Silent.", ""))
        with pytest.raises(ClusterError) as raised:
            await waiting

    assert raised.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.AUTH_401),
        (403, Reason.FORBIDDEN_403),
        (429, Reason.THROTTLED_429),
        (500, Reason.SERVER_5XX),
        (504, Reason.SERVER_5XX),
        (404, Reason.NOT_KUBERNETES),
        (301, Reason.NOT_KUBERNETES),
    ],
)
def test_each_status_has_its_reason(status: int, reason: Reason) -> None:
    with pytest.raises(ClusterError) as raised:
        raise_for_status(Answer(status, {"content-type": "application/json"}, b""))

    assert raised.value.reason is reason


def test_410_asks_for_a_new_list() -> None:
    with pytest.raises(ExpiredVersion):
        raise_for_status(Answer(410, {}, b""))


def test_a_page_of_html_is_no_kubernetes() -> None:
    with pytest.raises(ClusterError, match="got text/html"):
        raise_for_status(Answer(200, {"content-type": "text/html; charset=utf-8"}, b"<html>"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1.0),
        ("0", 1.0),
        ("17", 17.0),
        ("86400", 300.0),
        ("-5", 1.0),
        ("inf", 300.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
    ],
)
def test_retry_after_is_clamped(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, now=10.0) == seconds


async def test_no_error_shows_the_credential() -> None:
    async with scripted(saying(b"junk\r\n\r\n")) as (_, connection):
        with pytest.raises(ClusterError) as raised:
            await connection.get("/x")

    chain: list[BaseException] = [raised.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    assert not any("canary" in f"{error!r} {error}" for error in chain)
    assert "canary" not in repr(connection.settings)


async def test_a_stream_goes_over_the_socket_of_the_list_before_it() -> None:
    async with scripted(saying(json_answer(b"x" * 200_000))) as (server, connection):
        await connection.get("/api/v1/pods")
        stream = await connection.open_stream("/api/v1/pods?watch=true", lambda piece: None)
        stream.close()

        assert server.connections == 1
