"""The keys of programs: made once, kept as a hash, ended by expiry or revocation."""

import hashlib
import hmac
import re
import secrets
import string

from django.db.models import Q

from clusters.access.models import ApiToken, User

READ = "read"
ALERTS = "alerts"
"""Taking, noting and resolving alerts, and silences."""
INBOUND = "inbound"
"""Sending alerts to us, as an Alertmanager does."""
SCOPES = (READ, ALERTS, INBOUND)

DAY_MS = 86_400_000
LONGEST_DAYS = 3_650
USE_NOTED_EVERY_MS = 60_000

_LETTERS = string.ascii_letters + string.digits
_PREFIX_LENGTH = 12
_TOKEN = re.compile(r"tm_[A-Za-z0-9]{9}_[A-Za-z0-9_-]{43}", re.ASCII)


class TokenError(ValueError):
    """A token cannot be made as asked; the message says why."""


def make_token(user: User, *, name: str, scopes: tuple[str, ...], days: int, now_ms: int) -> str:
    """A new token of this user. The text is given once, here; only its hash is kept."""
    if not user.is_active:
        raise TokenError(f"{user.username} may not sign in, and so can have no token.")
    if not scopes or set(scopes) - set(SCOPES):
        raise TokenError(f"A token's scopes are one or more of: {', '.join(SCOPES)}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenError(f"A token lasts from 1 to {LONGEST_DAYS} days.")
    text = f"tm_{''.join(secrets.choice(_LETTERS) for _ in range(9))}_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[:_PREFIX_LENGTH],
        hashed=_hashed(text),
        scopes=sorted(set(scopes)),
        created_at_ms=now_ms,
        expires_at_ms=now_ms + days * DAY_MS,
    )
    return text


def verify_token(text: str, now_ms: int) -> ApiToken | None:
    """The token of that text with its user, or None where it is wrong, over, revoked or its user gone."""
    if not _TOKEN.fullmatch(text):
        return None
    token = ApiToken.objects.select_related("user").filter(prefix=text[:_PREFIX_LENGTH]).first()
    # Compared also where there is none, so that both take as long.
    is_right = hmac.compare_digest(token.hashed if token else "", _hashed(text))
    if token is None or not is_right or not token.user.is_active:
        return None
    if token.revoked_at_ms is not None or token.expires_at_ms <= now_ms:
        return None
    _note_use(token, now_ms)
    return token


def revoke_token(token: ApiToken, now_ms: int) -> None:
    """End a token from now on; one that is already revoked keeps its time."""
    if token.revoked_at_ms is None:
        token.revoked_at_ms = now_ms
        token.save(update_fields=["revoked_at_ms"])


def _note_use(token: ApiToken, now_ms: int) -> None:
    """Write the last use, at most once a minute: a busy program must not write with each read."""
    before = now_ms - USE_NOTED_EVERY_MS
    if token.last_used_at_ms is None or token.last_used_at_ms <= before:
        long_ago = Q(last_used_at_ms__isnull=True) | Q(last_used_at_ms__lte=before)
        ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at_ms=now_ms)


def _hashed(text: str) -> str:
    # The token is 256 random bits: a slow hash would add nothing but CPU to each request.
    return hashlib.sha256(text.encode()).hexdigest()
