"""Plays the faults of single answers: errors, lies, broken bodies, and bytes that do not come."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import msgspec

from clusters.simulator import statuses
from clusters.simulator.access import READER
from clusters.simulator.apiserver import target_of
from clusters.simulator.faults import Fault
from clusters.simulator.statuses import Refused
from clusters.simulator.wire import Answer, AnyAnswer, RawAnswer, Request, StreamAnswer, head_bytes

LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Password</form></body></html>\n"
)
DEPTH = 100_000
BOMB_BYTES = 1 << 30
_JSON = (("Content-Type", "application/json"),)

Ask = Callable[[], AnyAnswer]


async def spoil(fault: Fault, request: Request, ask: Ask) -> AnyAnswer:
    """The answer a request gets under a fault. `ask` gives the true one."""
    if fault.name == "no_answer":
        await asyncio.Event().wait()
    if fault.name == "delay":
        await asyncio.sleep(float(fault.settings.get("seconds", 1)))
    if fault.name in _REFUSALS:
        return _refusal(_REFUSALS[fault.name](fault.settings, request))
    if fault.name in _INSTEAD:
        return _INSTEAD[fault.name](fault.settings)
    return await _altered(fault, ask())


async def _altered(fault: Fault, answer: AnyAnswer) -> AnyAnswer:
    settings = fault.settings
    if not isinstance(answer, Answer | StreamAnswer):
        return answer
    if fault.name in _DELIVERIES:
        return _DELIVERIES[fault.name](settings, await _bytes_of(answer))
    if fault.name == "clock_skew":
        return replace(answer, date_offset_seconds=float(settings.get("seconds", 3600)))
    if fault.name == "many_headers":
        many = tuple((f"X-Filler-{number}", "x" * 20) for number in range(int(settings.get("count", 10_000))))
        return replace(answer, headers=(*answer.headers, *many))
    if fault.name in _BODIES and isinstance(answer, Answer):
        return replace(answer, parts=(_BODIES[fault.name](b"".join(answer.parts), settings),))
    return answer


def _refusal(refused: Refused) -> Answer:
    body = statuses.encode(refused.body)
    return Answer(status=refused.code, headers=(*_JSON, *refused.headers), parts=(body,))


def _forbidden(settings: dict[str, Any], request: Request) -> Refused:
    target = target_of(request.path)
    if target is None:
        return statuses.forbidden_path(READER, "get", request.path)
    verb = "watch" if "watch" in request.query else "list"
    return statuses.forbidden(READER, verb, target.served, target.namespace)


def _status(settings: dict[str, Any], request: Request) -> Refused:
    code = int(settings.get("code", 503))
    if code == 404:
        return Refused(
            404, statuses.status(404, "NotFound", "the server could not find the requested resource")
        )
    return statuses.server_error(code)


def _throttle(settings: dict[str, Any], request: Request) -> Refused:
    retry_after = settings.get("retry_after", "1")
    return statuses.too_many_requests(None if retry_after is None else str(retry_after))


_REFUSALS: dict[str, Callable[[dict[str, Any], Request], Refused]] = {
    "status": _status,
    "throttle": _throttle,
    "unauthorized": lambda settings, request: statuses.unauthorized(),
    "forbidden": _forbidden,
    "gone": lambda settings, request: statuses.expired(statuses.EXPIRED_CONTINUE),
}


def _html(settings: dict[str, Any]) -> AnyAnswer:
    return Answer(headers=(("Content-Type", "text/html; charset=utf-8"),), parts=(LOGIN_PAGE,))


def _redirect(settings: dict[str, Any]) -> AnyAnswer:
    where = str(settings.get("to", "https://login.example/sign-in"))
    return Answer(status=302, headers=(("Location", where), ("Content-Type", "text/html")), parts=(b"",))


def _other_json(settings: dict[str, Any]) -> AnyAnswer:
    return Answer(headers=_JSON, parts=(b'{"name":"some other service","ok":true}\n',))


def _gzip_bomb(settings: dict[str, Any]) -> AnyAnswer:
    """An answer that is small on the wire and a gigabyte when unpacked."""
    headers = (*_JSON, ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"))
    return RawAnswer(_bomb(head_bytes(200, headers), int(settings.get("bytes", BOMB_BYTES))))


async def _bomb(head: bytes, bomb_bytes: int) -> AsyncIterator[bytes]:
    yield head
    squeeze = zlib.compressobj(level=9, wbits=31)
    first = squeeze.compress(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[],"filler":"')
    block = b" " * (1 << 20)
    pending = first
    for _ in range(bomb_bytes >> 20):
        pending += squeeze.compress(block)
        if len(pending) > 16_384:
            yield b"%x\r\n%b\r\n" % (len(pending), pending)
            pending = b""
            await asyncio.sleep(0)
    pending += squeeze.compress(b'"}') + squeeze.flush()
    yield b"%x\r\n%b\r\n0\r\n\r\n" % (len(pending), pending)


_INSTEAD: dict[str, Callable[[dict[str, Any]], AnyAnswer]] = {
    "html": _html,
    "redirect": _redirect,
    "other_json": _other_json,
    "gzip_bomb": _gzip_bomb,
}


async def _bytes_of(answer: AnyAnswer) -> tuple[bytes, bytes]:
    """Head and body of an answer as they would go out whole; a stream has an empty body."""
    assert isinstance(answer, Answer | StreamAnswer)
    if isinstance(answer, StreamAnswer):
        return head_bytes(200, (*answer.headers, ("Transfer-Encoding", "chunked"))), b""
    body = b"".join(answer.parts)
    headers = (*answer.headers, ("Content-Length", str(len(body))))
    return head_bytes(answer.status, headers, answer.date_offset_seconds), body


def _drip_headers(settings: dict[str, Any], whole: tuple[bytes, bytes]) -> RawAnswer:
    return RawAnswer(_dripping(b"", whole[0] + whole[1], settings))


def _drip_body(settings: dict[str, Any], whole: tuple[bytes, bytes]) -> RawAnswer:
    return RawAnswer(_dripping(*whole, settings))


def _reset(settings: dict[str, Any], whole: tuple[bytes, bytes]) -> RawAnswer:
    """The first N bytes, then a reset."""
    sent = (whole[0] + whole[1])[: int(settings.get("after_bytes", 0))]
    return RawAnswer(_once(sent), aborts=True)


def _close_idle(settings: dict[str, Any], whole: tuple[bytes, bytes]) -> RawAnswer:
    """A whole answer, and then the connection closes though nobody said so."""
    return RawAnswer(_once(whole[0] + whole[1]))


async def _dripping(at_once: bytes, slowly: bytes, settings: dict[str, Any]) -> AsyncIterator[bytes]:
    yield at_once
    pause_seconds = float(settings.get("pause_seconds", 1))
    for index in range(len(slowly)):
        yield slowly[index : index + 1]
        await asyncio.sleep(pause_seconds)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    if data:
        yield data
        # A reset throws away what the socket has not sent yet.
        await asyncio.sleep(0.05)


_DELIVERIES: dict[str, Callable[[dict[str, Any], tuple[bytes, bytes]], RawAnswer]] = {
    "drip_headers": _drip_headers,
    "drip_body": _drip_body,
    "reset": _reset,
    "close_idle": _close_idle,
}


def _bad_object(body: bytes, settings: dict[str, Any]) -> bytes:
    """One object of a list is not what it should be; the others are as they were."""
    listed: dict[str, Any] = msgspec.json.decode(body)
    items = listed.get("items")
    if not items:
        return body
    index = int(settings.get("index", 0)) % len(items)
    items[index] = _BAD_OBJECTS[str(settings.get("how", "null_metadata"))](items[index])
    return msgspec.json.encode(listed) + b"\n"


_BAD_OBJECTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "null_metadata": lambda item: {**item, "metadata": None},
    "null": lambda item: None,
    "text": lambda item: "an object, honestly",
    "wrong_types": lambda item: {**item, "spec": [1, 2], "status": "fine"},
    "bad_time": lambda item: {**item, "metadata": {**item["metadata"], "creationTimestamp": "yesterday"}},
    "huge_annotation": lambda item: {
        **item,
        "metadata": {**item["metadata"], "annotations": {"filler": "x" * 1_400_000}},
    },
    "markup_name": lambda item: {
        **item,
        "metadata": {**item["metadata"], "name": "<script>alert(1)</script>\u202egnp.🚀"},
    },
}


def _truncated(body: bytes, settings: dict[str, Any]) -> bytes:
    return body[: int(settings.get("at_bytes", len(body) // 2))]


def _deep(body: bytes, settings: dict[str, Any]) -> bytes:
    depth = int(settings.get("depth", DEPTH))
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    return b'{"deep":%b,%b' % (nested, body.lstrip()[1:])


_BODIES: dict[str, Callable[[bytes, dict[str, Any]], bytes]] = {
    "truncated": _truncated,
    "bad_utf8": lambda body, settings: body.replace(b'"name":"', b'"name":"\xff\xfe', 1),
    "not_a_number": lambda body, settings: b'{"load":NaN,' + body.lstrip()[1:],
    "byte_order_mark": lambda body, settings: b"\xef\xbb\xbf" + body,
    "duplicate_keys": lambda body, settings: b'{"kind":"SecretList",' + body.lstrip()[1:],
    "deep": _deep,
    "bad_object": _bad_object,
}
