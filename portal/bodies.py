"""How much may be sent to us: nobody uploads anything, so more than a form is an attack.

Django reads the whole body to disk before it looks who sends it; here it ends before.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY_BYTES = 1 << 20

_PROBLEM = {
    "type": "about:blank",
    "title": "Too much was sent.",
    "status": 413,
    "detail": f"A request may hold at most {LARGEST_BODY_BYTES} bytes.",
    "code": "too_large",
}


class _TooLarge(Exception):
    """More came than may."""


class BoundedBodies:
    """Answers 413 to a body that is too large, told so or found so while it comes in."""

    def __init__(self, application: Application, limit_bytes: int = LARGEST_BODY_BYTES) -> None:
        self._application = application
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what comes in."""
        if _told_bytes(scope) > self._limit_bytes:
            await _refuse(send)
            return
        try:
            await self._application(scope, self._counted(receive), send)
        except _TooLarge:
            # The body is read before anything is answered, so nothing has been sent yet.
            await _refuse(send)

    def _counted(self, receive: Receive) -> Receive:
        came_bytes = 0

        async def counted() -> Message:
            nonlocal came_bytes
            message = await receive()
            came_bytes += len(message.get("body", b""))
            if came_bytes > self._limit_bytes:
                raise _TooLarge
            return message

        return counted


def _told_bytes(scope: Scope) -> int:
    """What the client says will come; what it says wrongly the server refuses or we count."""
    told = dict(scope.get("headers", ())).get(b"content-length", b"0")
    return int(told) if told.isdigit() else 0


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(_PROBLEM).encode()})
