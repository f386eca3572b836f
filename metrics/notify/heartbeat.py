"""A sign of life to somebody outside, each minute, as long as evaluating, telling and sending move.

Whoever gets it raises the alarm when it stays away: the one alarm that does not need us.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from clusters.access.models import User
from clusters.connection.credentials import Keyring, PublicKey, fingerprint, key_id_of
from clusters.connection.errors import ClusterError
from metrics.alerts.audit import audit
from metrics.notify.addresses import web_address
from metrics.notify.destinations import SealedContent, open_address, seal_address
from metrics.notify.dialling import Line
from metrics.notify.kinds.kind import OutboundFault, OutboundRequest
from metrics.notify.models import Heartbeat
from metrics.notify.outbound import send
from metrics.notify.watching import standing_still

OUTWARD = "outward"
EVERY_MS = 60_000
EARLY_MS = 5_000
_UUID = UUID("6a7f6c1e-6a0b-4f1e-9d0a-68656172740a")
"""What its box is bound to, beside the host: it has no UUID of its own."""


@dataclass(frozen=True)
class Ping:
    """One sign of life that is to leave."""

    row_id: int
    host: str
    sealed: bytes = field(repr=False)


class HeartbeatError(ValueError):
    """An address that cannot be; the message does not tell it."""


def set_heartbeat(url: str, public_key: PublicKey, *, user: User | None, via: str, now_ms: int) -> Heartbeat:
    """Have the sign of life sent there from now on. Raises HeartbeatError."""
    try:
        host = web_address(url.strip()).host
    except ValueError as error:
        raise HeartbeatError(f"The address {error}.") from None
    sealed = seal_address(SealedContent(url.strip()), public_key, _UUID, host)
    with transaction.atomic():
        row, _ = Heartbeat.objects.update_or_create(
            name=OUTWARD,
            defaults={
                "sealed": sealed, "key_id": key_id_of(sealed), "host": host,
                "fingerprint": fingerprint(url.strip().encode()), "last_sent_at_ms": None, "last_answer": "",
            },
        )  # fmt: skip
        shown = {"host": host, "fingerprint": row.fingerprint}
        audit(user=user, via=via, action="heartbeat_set", subject=OUTWARD, params=shown, now_ms=now_ms)
    return row


def remove_heartbeat(*, user: User | None, via: str, now_ms: int) -> bool:
    """Send none any more; False where none was sent."""
    with transaction.atomic():
        if not Heartbeat.objects.filter(name=OUTWARD).delete()[0]:
            return False
        audit(user=user, via=via, action="heartbeat_removed", subject=OUTWARD, params={}, now_ms=now_ms)
    return True


def seal_anew(keyring: Keyring) -> tuple[int, list[ClusterError]]:
    """Seal its address with the first key: how many were, and why another could not be."""
    row = Heartbeat.objects.filter(name=OUTWARD).exclude(key_id=keyring.public_key.key_id).first()
    if row is None:
        return 0, []
    try:
        content = open_address(bytes(row.sealed), keyring, _UUID, row.host)
    except ClusterError as error:
        return 0, [ClusterError(error.reason, f"The sign of life: {error.what}", "Set it: set_heartbeat.")]
    sealed = seal_address(content, keyring.public_key, _UUID, row.host)
    unchanged = Heartbeat.objects.filter(pk=row.pk, key_id=row.key_id)
    return unchanged.update(sealed=sealed, key_id=keyring.public_key.key_id), []


def due_ping(now_ms: int) -> Ping | None:
    """The sign of life, where it is due, everything moves and no other process sends it."""
    row = Heartbeat.objects.filter(name=OUTWARD).exclude(sealed=b"").first()
    if row is None:
        return None
    if still := standing_still(now_ms):
        Heartbeat.objects.filter(pk=row.pk).update(last_answer=f"Held back: {still}."[:300])
        return None
    due = Q(last_sent_at_ms__isnull=True) | Q(last_sent_at_ms__lte=now_ms - EVERY_MS + EARLY_MS)
    if not Heartbeat.objects.filter(due, pk=row.pk).update(last_sent_at_ms=now_ms):
        return None
    return Ping(row.pk, row.host, bytes(row.sealed))


def send_ping(ping: Ping, line: Line, keyring: Callable[[], Keyring]) -> str:
    """Send it; what came back, in words. Touches no database."""
    try:
        content = open_address(ping.sealed, keyring(), _UUID, ping.host)
        request = OutboundRequest(url=content.url, body=b"", method="GET")
        answer = send(request, line)
    except OutboundFault as fault:
        return fault.sentence
    except ClusterError as error:
        return f"The address cannot be opened: {error.what}"
    return f"{answer.status} after {answer.latency_ms} ms"


def keep_answer(ping: Ping, answer: str) -> None:
    """What came of it, for whoever looks."""
    Heartbeat.objects.filter(pk=ping.row_id).update(last_answer=answer[:300])
