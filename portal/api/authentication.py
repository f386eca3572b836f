"""Who calls the API: a browser by its session, a program by its token, never by the address line."""

import time

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from clusters.access.models import ApiToken, User
from clusters.access.tokens import READ, verify_token


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer tm_…`. A token that does not work ends the request; nothing else is tried."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's user, or None where no token was sent."""
        scheme, _space, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        token = verify_token(text.strip().decode("latin-1"), time.time_ns() // 1_000_000)
        if token is None:
            raise AuthenticationFailed(
                _("That token is wrong, over or revoked. Make another: manage.py create_token"),
                code="bad_token",
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return 'Bearer realm="topmast"'


class TokenHasScope(BasePermission):
    """A token may do only what its scopes say. What changes something names its scope: `write_scope`."""

    code = "scope"
    message = _("This token has no scope for that.")

    def has_permission(self, request: Request, view: object) -> bool:
        """Whether the token, if it is one, may."""
        if not isinstance(request.auth, ApiToken):
            return True
        wanted = READ if request.method in SAFE_METHODS else getattr(view, "write_scope", None)
        return wanted in request.auth.scopes
