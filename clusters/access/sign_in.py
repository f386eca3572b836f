"""How often one may guess a password: by account and address, and by address alone.

A try is counted before the password is looked at, so parallel guesses gain nothing. Nobody is locked
out for good: after the free tries one more is looked at each few seconds, and tries in between are
neither looked at nor counted. Whoever guesses somebody's password elsewhere blocks only his own address.
"""

import hashlib
import ipaddress

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, Q, Value, When

from clusters.access.models import SignInTries

FREE_TRIES = 5
WAIT_MS = 30_000
FREE_TRIES_OF_AN_ADDRESS = 50
WAIT_OF_AN_ADDRESS_MS = 3_000
FORGOTTEN_AFTER_MS = 15 * 60_000


def may_try(account: str, address: str | None, now_ms: int) -> bool:
    """Whether this try may be looked at; it is counted if so."""
    place = _place(address)
    SignInTries.objects.filter(last_try_at_ms__lt=now_ms - FORGOTTEN_AFTER_MS).delete()
    with transaction.atomic():
        taken = _count(_hashed(account), place, now_ms, free=FREE_TRIES, wait_ms=WAIT_MS) and _count(
            "", place, now_ms, free=FREE_TRIES_OF_AN_ADDRESS, wait_ms=WAIT_OF_AN_ADDRESS_MS
        )
        # What is not looked at is not counted either, on neither row.
        transaction.set_rollback(not taken)
    return taken


def succeeded(account: str, address: str | None) -> None:
    """The password was right: forget the tries at this account, and this one of the address."""
    place = _place(address)
    SignInTries.objects.filter(account=_hashed(account), address=place).delete()
    SignInTries.objects.filter(account="", address=place, tries__gt=0).update(
        tries=F("tries") - 1, blocked_until_ms=0
    )


def _count(account: str, place: str, now_ms: int, *, free: int, wait_ms: int) -> bool:
    """Take one try by a conditional UPDATE: of two at once, the second sees the first."""
    SignInTries.objects.bulk_create(
        [SignInTries(account=account, address=place, last_try_at_ms=now_ms)], ignore_conflicts=True
    )
    blocked_until = Case(
        When(tries__gte=free - 1, then=Value(now_ms + wait_ms)),
        default=Value(0),
        output_field=BigIntegerField(),
    )
    taken = SignInTries.objects.filter(Q(blocked_until_ms__lte=now_ms), account=account, address=place)
    return bool(taken.update(tries=F("tries") + 1, last_try_at_ms=now_ms, blocked_until_ms=blocked_until))


def _place(address: str | None) -> str:
    """The address to count by: an IPv6 user has a whole /64 to try from."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed.ipv4_mapped.compressed if parsed.ipv4_mapped else _network_of(parsed)
    return parsed.compressed


def _network_of(address: ipaddress.IPv6Address) -> str:
    return ipaddress.ip_network((int(address) >> 64 << 64, 64)).network_address.compressed


def _hashed(account: str) -> str:
    # A hash, as people type their password into the wrong field.
    return hashlib.sha256(account.strip().lower().encode("utf-8", "replace")).hexdigest()[:32]
