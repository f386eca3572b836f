"""What browsers may do with our answers: nothing runs, loads or connects that is not from this address."""

from collections.abc import Callable
from typing import Any

from channels.security.websocket import OriginValidator
from django.http import HttpRequest, HttpResponse

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware:
    """Puts the headers on every answer, errors and static files too."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers."""
        response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class SocketOriginValidator(OriginValidator):  # type: ignore[misc]
    """Refuses sockets of other sites' pages. Programs send no origin and bring no cookies: they pass."""

    def valid_origin(self, parsed_origin: Any) -> bool:
        """Whether a page of this origin may connect."""
        return parsed_origin is None or bool(self.validate_origin(parsed_origin))
