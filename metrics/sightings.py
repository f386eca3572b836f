"""When the portal's processes were last seen at work, and the one rule of who still is."""

from django.db.models import Max

from clusters.leases import LEASE_MS
from clusters.models import Lease
from metrics.models import ProcessSeen

SEEN_WITHIN_MS = 30_000
WORKER = "worker"


def is_at_work(seen_at_ms: int | None, now_ms: int) -> bool:
    """Whether a process that was last seen then counts as being there. Pure."""
    return seen_at_ms is not None and now_ms - seen_at_ms <= SEEN_WITHIN_MS


def last_seen_at_ms(role: str, now_ms: int) -> int | None:
    """When any process of a role was last seen; None if never.

    Workers are seen with each round of beat. Where beat or Redis is away there are no rounds, yet what is
    held is read on: then the last renewal of a lease is the later sign.
    """
    seen_at_ms: int | None = ProcessSeen.objects.filter(role=role).aggregate(last=Max("seen_at_ms"))["last"]
    if role != WORKER or is_at_work(seen_at_ms, now_ms):
        return seen_at_ms
    held = Lease.objects.filter(expires_at_ms__gt=0).exclude(owner="")
    expires_at_ms: int | None = held.aggregate(last=Max("expires_at_ms"))["last"]
    if expires_at_ms is None:
        return seen_at_ms
    return max(expires_at_ms - LEASE_MS, seen_at_ms or 0)
