"""The portal as one ASGI application: its pages and sockets, and static files as they lie in the tree."""

import mimetypes
from pathlib import Path
from typing import Any

from django.conf import settings

from portal.security import CONTENT_SECURITY_POLICY


def portal() -> Any:
    """Pages, sockets of any origin (the port is not known before) and static files."""
    from channels.routing import ProtocolTypeRouter
    from django.core.asgi import get_asgi_application

    from metrics.live.routing import websocket_application

    pages = get_asgi_application()

    async def pages_and_files(scope: Any, receive: Any, send: Any) -> None:
        served = _file if scope["path"].startswith("/static/") else pages
        await served(scope, receive, send)

    return ProtocolTypeRouter({"http": pages_and_files, "websocket": websocket_application})


async def _file(scope: Any, receive: Any, send: Any) -> None:
    kind = mimetypes.guess_type(scope["path"])[0] or "text/plain"
    headers = [
        (b"content-type", kind.encode()),
        (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    ]
    body = Path(settings.BASE_DIR, scope["path"].removeprefix("/")).read_bytes()
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
