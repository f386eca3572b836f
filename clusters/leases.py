"""Who reads which cluster. Every step is one conditional UPDATE whose row count says who won.

A lease runs 15 s and is renewed every 5 by its owner's loop, all of a process in one statement. The
fence rises whenever a cluster changes hands, and a write under an old fence is refused.
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F, Q

from clusters.models import Cluster, Lease

LEASE_MS = 15_000

_FENCES = f'SELECT "cluster_id", "fence" FROM "{Lease._meta.db_table}" WHERE "owner" = %s AND "cluster_id" IN'  # noqa: S608
"""Asked by every batch: the ORM takes five times as long to ask."""


@dataclass(frozen=True)
class Held:
    """A lease that is ours. `is_new`: it was somebody else's, or nobody's, a moment ago."""

    cluster_id: int
    fence: int
    is_new: bool


def due(now_ms: int) -> list[int]:
    """The clusters that somebody should take now: not paused, and free, expired or handed over."""
    free = Q(lease__isnull=True) | Q(lease__expires_at_ms__lte=now_ms) | Q(lease__is_handing_over=True)
    return list(Cluster.objects.filter(free, is_paused=False).order_by("pk").values_list("pk", flat=True))


def take(cluster_id: int, owner: str, now_ms: int) -> Held | None:
    """Take the lease for `owner`, or None where another holds it.

    An owner that takes its own again (a new window) keeps the fence: nothing has changed hands.
    """
    with transaction.atomic():
        if not Cluster.objects.filter(pk=cluster_id, is_paused=False).exists():
            return None
        Lease.objects.get_or_create(cluster_id=cluster_id)
        mine = Lease.objects.filter(cluster_id=cluster_id, owner=owner, expires_at_ms__gt=now_ms)
        if mine.update(expires_at_ms=now_ms + LEASE_MS, is_handing_over=False):
            return Held(cluster_id, _fence(cluster_id), is_new=False)
        free = Q(expires_at_ms__lte=now_ms) | Q(is_handing_over=True) | Q(owner="")
        taken = Lease.objects.filter(free, cluster_id=cluster_id).update(
            owner=owner, fence=F("fence") + 1, expires_at_ms=now_ms + LEASE_MS, is_handing_over=False
        )
        return Held(cluster_id, _fence(cluster_id), is_new=True) if taken else None


def renew(owner: str, cluster_ids: Collection[int], now_ms: int) -> dict[int, int]:
    """Renew all leases of `owner` among `cluster_ids`; the fence of each that is still its own."""
    if not cluster_ids:
        return {}
    mine = Lease.objects.filter(owner=owner, cluster_id__in=cluster_ids)
    mine.update(expires_at_ms=now_ms + LEASE_MS)
    return dict(mine.values_list("cluster_id", "fence"))


def hand_over(owner: str, cluster_id: int) -> None:
    """Let the next window have the cluster; it stays ours until somebody takes it."""
    Lease.objects.filter(cluster_id=cluster_id, owner=owner).update(is_handing_over=True)


def release(owner: str, cluster_ids: Collection[int]) -> None:
    """Give leases back at once, so that nobody has to wait for them to run out."""
    Lease.objects.filter(owner=owner, cluster_id__in=cluster_ids).update(
        owner="", expires_at_ms=0, is_handing_over=False
    )


def free_those_of_the_dead(host: str, is_alive: Callable[[int], bool]) -> int:
    """Free the leases of processes of this host that are no more; how many.

    So that a worker that is started again after a crash need not wait for them to run out. Owners are
    named `host:pid:…`. Were a living one taken for dead, the fence would keep it from writing.
    """
    owners = Lease.objects.filter(owner__startswith=f"{host}:").values_list("owner", flat=True).distinct()
    dead = [owner for owner in owners if not is_alive(int(owner.removeprefix(f"{host}:").partition(":")[0]))]
    return Lease.objects.filter(owner__in=dead).update(owner="", expires_at_ms=0, is_handing_over=False)


def is_alive(pid: int) -> bool:
    """Whether a process of this host runs under that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def current_fences(cluster_ids: Collection[int], owner: str) -> dict[int, int]:
    """The fences of those leases that are `owner`'s, locked until the transaction ends.

    Called first in the transaction that writes under them. (SQLite has the whole file locked then.)
    """
    places = ", ".join(["%s"] * len(cluster_ids)) or "NULL"
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"{_FENCES} ({places}){lock}", [owner, *cluster_ids])
        return dict(cursor.fetchall())


def _fence(cluster_id: int) -> int:
    return Lease.objects.values_list("fence", flat=True).get(cluster_id=cluster_id)
