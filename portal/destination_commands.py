"""What the commands about destinations and routes share: options, things found by name, sentences."""

import getpass
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.core.management.base import CommandError

from clusters.connection.credentials import PublicKey
from clusters.connection.keyfile import KeyFileError, make_or_load_public_key
from metrics.notify.destinations import DestinationError
from metrics.notify.heartbeat import HeartbeatError
from metrics.notify.models import Destination
from metrics.notify.routes import HoursError
from metrics.notify.routing import RouteError
from portal import registering

T = TypeVar("T")

COMMAND = "command"


def sentence(change: Callable[[], T]) -> T:
    """Do it; an objection ends the command in its own words."""
    try:
        return change()
    except (DestinationError, RouteError, HoursError, HeartbeatError, KeyFileError) as error:
        raise CommandError(str(error)) from None


def destination_named(name: str) -> Destination:
    """The destination of that name. Raises CommandError with those there are."""
    row = Destination.objects.filter(name__iexact=name.strip()).first()
    if row is None:
        known = ", ".join(Destination.objects.values_list("name", flat=True)[:20]) or "none"
        raise CommandError(f"There is no destination {name[:80]!r}. Registered: {known}.")
    return row


def read_address(path: str, option: str) -> str:
    """A secret of one line from a file, from standard input, or typed unseen where that is a terminal."""
    if path == "-" and sys.stdin.isatty():
        text = getpass.getpass("Address (not shown): ")
    else:
        text = registering.read_secret(path, option)
    lines = text.split()
    if len(lines) != 1:
        raise CommandError(f"{option} must hold one line without blanks: the address alone.")
    return lines[0]


def public_key() -> PublicKey:
    """The key that seals addresses."""
    return sentence(lambda: make_or_load_public_key(settings.KEY_FILE))


def now_ms() -> int:
    """Our clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000
