"""Who is behind a socket, and which clusters that user may see now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from clusters.access.models import User
from clusters.access.tokens import READ, verify_token
from clusters.access.visibility import clusters_visible_to
from metrics.live.codes import FORBIDDEN, SIGNED_OUT
from metrics.live.messages import Nameplate

_BEARER = b"bearer "


class RefusedError(Exception):
    """This socket may not stay; `code` says why, to the page."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Refused with {code}.")
        self.code = code


@dataclass(frozen=True)
class Credentials:
    """What a socket came with: a browser's session or a program's token."""

    session_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Seen:
    """One cluster that the user may see."""

    cluster_id: int
    uuid: str
    plate: Nameplate


@dataclass(frozen=True)
class Sight:
    """All that one user may see at one moment."""

    user_id: int
    epoch: int
    clusters: Mapping[str, Seen]
    """By UUID."""

    def named(self, slug: str) -> Seen | None:
        """The visible cluster of that slug."""
        return next((seen for seen in self.clusters.values() if seen.plate.slug == slug), None)


def credentials_of(scope: Mapping[str, object]) -> Credentials:
    """The credentials a connection brings; a token comes before a cookie."""
    token = bearer_token(scope)
    if token:
        return Credentials(token=token)
    cookies = scope.get("cookies")
    key = cookies.get(settings.SESSION_COOKIE_NAME, "") if isinstance(cookies, dict) else ""
    return Credentials(session_key=key)


def bearer_token(scope: Mapping[str, object]) -> str:
    """The token of an Authorization header; empty where there is none."""
    headers = scope.get("headers")
    for name, value in headers if isinstance(headers, (list, tuple)) else ():
        if name.lower() == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            token: str = value[len(_BEARER) :].strip().decode("latin-1")
            return token
    return ""


def read_sight(credentials: Credentials, now_ms: int) -> Sight:
    """What the bearer of these may see now, by the database. Raises RefusedError for a stranger."""
    if credentials.token:
        user = _user_of_token(credentials.token, now_ms)
    else:
        user = _user_of_session(credentials.session_key)
    columns = ("pk", "uuid", "slug", "name", "labels")
    rows = clusters_visible_to(user).values_list(*columns)
    seen = [Seen(pk, str(uuid), Nameplate(slug, name, labels or {})) for pk, uuid, slug, name, labels in rows]
    return Sight(user.pk, user.access_epoch, {cluster.uuid: cluster for cluster in seen})


def _user_of_token(text: str, now_ms: int) -> User:
    token = verify_token(text, now_ms)
    if token is None:
        raise RefusedError(SIGNED_OUT)
    if READ not in token.scopes:
        raise RefusedError(FORBIDDEN)
    return token.user


def _user_of_session(session_key: str) -> User:
    """The user of a session as it is now: ended, expired or signed with an old password, it is nobody's."""
    if not session_key:
        raise RefusedError(SIGNED_OUT)
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if isinstance(user, AnonymousUser) or not user.is_active:
        raise RefusedError(SIGNED_OUT)
    return user
