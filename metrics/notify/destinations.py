"""Destinations as rows: added, changed, removed, opened. Addresses are sealed; only workers open them.

Each change is audited in its own transaction. What is shown of an address is its host and a fingerprint.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from django.db import transaction

from clusters.access.models import Team, User
from clusters.connection.credentials import Keyring, PublicKey, fingerprint, key_id_of, open_sealed, seal
from clusters.connection.errors import ClusterError
from metrics.alerts.audit import audit
from metrics.alerts.due import look_again
from metrics.notify.addresses import check_characters
from metrics.notify.kinds import all_kinds, kind_named
from metrics.notify.kinds.kind import DestinationKind, Target
from metrics.notify.models import QUEUED, SUPPRESSED, Destination, OutboxMessage

LONGEST_NAME = 80
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
SECRET_BYTES = (24, 64)


class DestinationError(ValueError):
    """A destination that cannot be as asked; the message says why and holds no address."""


class SealedContent(msgspec.Struct, frozen=True):
    """What is in the box."""

    url: str
    secret: str = ""
    older_secret: str = ""


@dataclass(frozen=True)
class Wanted:
    """What a new destination is to be."""

    name: str
    kind: str
    url: str
    secret: str = ""
    is_fallback: bool = False
    team: Team | None = None


@dataclass(frozen=True)
class Changes:
    """What of a destination is to be another. None: stays as it is."""

    name: str | None = None
    url: str | None = None
    secret: str | None = None
    is_fallback: bool | None = None
    is_enabled: bool | None = None


def add_destination(
    wanted: Wanted, public_key: PublicKey, *, user: User | None, via: str, now_ms: int
) -> Destination:
    """Register one. Raises DestinationError."""
    name = _checked_name(wanted.name)
    kind = checked_kind(wanted.kind)
    content = SealedContent(checked_url(kind, wanted.url), _checked_secret(kind, wanted.secret))
    row = Destination(
        uuid=uuid4(), name=name, kind=kind.name, is_fallback=wanted.is_fallback, team=wanted.team,
        created_at_ms=now_ms, changed_at_ms=now_ms,
    )  # fmt: skip
    _put(row, content, public_key)
    with transaction.atomic():
        _refuse_taken(name)
        row.save()
        _note(row, "destination_added", _shown(row), user=user, via=via, now_ms=now_ms)
        look_again(now_ms)
    return row


def change_destination(
    row: Destination, changes: Changes, public_key: PublicKey, *, user: User | None, via: str, now_ms: int
) -> None:
    """Change what is given. Another address needs a secret again where it signs. Raises DestinationError."""
    before = _shown(row)
    if changes.name is not None:
        row.name = _checked_name(changes.name)
    if changes.is_fallback is not None:
        row.is_fallback = changes.is_fallback
    if changes.url is not None:
        kind = checked_kind(row.kind)
        content = SealedContent(checked_url(kind, changes.url), _checked_secret(kind, changes.secret or ""))
        _put(row, content, public_key)
    elif changes.secret is not None:
        raise DestinationError("With another secret, give the address again: nobody can read the old one.")
    if changes.is_enabled is not None:
        row.is_enabled = changes.is_enabled
    row.changed_at_ms = now_ms
    _begin_anew(row)
    with transaction.atomic():
        _refuse_taken(row.name, but=row)
        row.save()
        if not row.is_enabled:
            _suppress_queue(row, now_ms)
        _note(
            row, "destination_changed", {"before": before, "after": _shown(row)},
            user=user, via=via, now_ms=now_ms,
        )  # fmt: skip
        OutboxMessage.objects.filter(destination=row, status=QUEUED).update(next_try_at_ms=now_ms)
        look_again(now_ms)


def remove_destination(row: Destination, *, user: User | None, via: str, now_ms: int) -> None:
    """Forget it, its routes and what was sent to it. What is open goes elsewhere."""
    with transaction.atomic():
        _note(row, "destination_removed", _shown(row), user=user, via=via, now_ms=now_ms)
        row.delete()
        look_again(now_ms)


def target_of(row: Destination, keyring: Keyring, *, at_ms: int) -> Target:
    """The opened address for one attempt. Raises ClusterError where it does not open."""
    opened = open_address(bytes(row.sealed), keyring, row.uuid, row.host)
    return Target(opened.url, opened.secret, opened.older_secret, at_ms)


def open_address(sealed: bytes, keyring: Keyring, uuid: UUID, host: str) -> SealedContent:
    """What is in a box. Raises ClusterError where it was not sealed for this row and host."""
    return msgspec.json.decode(open_sealed(sealed, keyring, uuid, host), type=SealedContent)


def seal_address(content: SealedContent, public_key: PublicKey, uuid: UUID, host: str) -> bytes:
    """The box for one row and host."""
    return seal(msgspec.json.encode(content), public_key, uuid, host)


def seal_anew(keyring: Keyring) -> tuple[int, list[ClusterError]]:
    """Seal with the first key what another one sealed: how many were, and why the others could not be."""
    changed, failures = 0, []
    for row in Destination.objects.exclude(key_id=keyring.public_key.key_id):
        before = bytes(row.sealed)
        try:
            content = open_address(before, keyring, row.uuid, row.host)
        except ClusterError as error:
            failures.append(ClusterError(error.reason, f"{row.name}: {error.what}", error.hint))
            continue
        after = seal_address(content, keyring.public_key, row.uuid, row.host)
        unchanged = Destination.objects.filter(pk=row.pk, sealed=before)
        changed += unchanged.update(sealed=after, key_id=keyring.public_key.key_id)
    return changed, failures


def make_secret() -> str:
    """A new secret that signs, as Standard Webhooks writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def checked_kind(name: str) -> DestinationKind:
    """The kind of that name. Raises DestinationError with those there are."""
    try:
        return kind_named(name)
    except KeyError:
        known = ", ".join(kind.name for kind in all_kinds())
        raise DestinationError(f"There is no kind {name[:40]!r} of destination. Kinds: {known}.") from None


def checked_url(kind: DestinationKind, text: str) -> str:
    """An address fit for this kind. Raises DestinationError, without the address."""
    url = text.strip()
    try:
        check_characters(url)
        kind.check_address(url)
    except ValueError as error:
        raise DestinationError(f"The address {error}.") from None
    return url


def host_of(url: str) -> str:
    """What is shown of an address."""
    return urlsplit(url).hostname or ""


def _checked_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise DestinationError(f"A name has 1 to {LONGEST_NAME} printable characters.")
    return name


def _checked_secret(kind: DestinationKind, text: str) -> str:
    secret = text.strip()
    if not kind.is_signed:
        if secret:
            raise DestinationError(f"Messages to {kind.label} are not signed: leave the secret out.")
        return ""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not SECRET_BYTES[0] <= len(key) <= SECRET_BYTES[1]:
        raise DestinationError(
            f"The secret is not {SECRET_PREFIX} and {SECRET_BYTES[0]} to {SECRET_BYTES[1]} bytes in base64."
        )
    return secret


def _put(row: Destination, content: SealedContent, public_key: PublicKey) -> None:
    row.host = host_of(content.url)
    row.fingerprint = fingerprint(content.url.encode())
    row.sealed = seal_address(content, public_key, row.uuid, row.host)
    row.key_id = key_id_of(row.sealed)


def _begin_anew(row: Destination) -> None:
    """What was said of it may hold no more: it is tried at once."""
    row.failures, row.failing_since_ms, row.has_refused, row.closed_until_ms = 0, None, False, 0


def _suppress_queue(row: Destination, now_ms: int) -> None:
    waiting = OutboxMessage.objects.filter(destination=row, status=QUEUED)
    waiting.update(status=SUPPRESSED, ended_at_ms=now_ms)


def _refuse_taken(name: str, *, but: Destination | None = None) -> None:
    others = Destination.objects.filter(name__iexact=name)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if others.exists():
        raise DestinationError(f"There is a destination {name!r} already.")


def _shown(row: Destination) -> dict[str, object]:
    return {
        "name": row.name, "kind": row.kind, "host": row.host, "fingerprint": row.fingerprint,
        "is_fallback": row.is_fallback, "is_enabled": row.is_enabled,
    }  # fmt: skip


def _note(
    row: Destination, action: str, params: dict[str, object], *, user: User | None, via: str, now_ms: int
) -> None:
    audit(user=user, via=via, action=action, subject=str(row.uuid), params=params, now_ms=now_ms)
