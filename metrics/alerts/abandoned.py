"""What nobody judges any more: alerts of paused clusters, groups of removed ones, and what is long over."""

import time
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_delete

from clusters.models import Cluster
from metrics.alerts import groups, rows, storing
from metrics.alerts.evaluate import darkened
from metrics.alerts.groups import Change
from metrics.alerts.models import Alert, AlertGroup
from metrics.alerts.values import FIRING, RESOLVED
from metrics.storage import delete_in_slices

DAY_MS = 86_400_000
REMOVED = "cluster_removed"
PAUSED = "paused"


def connect() -> None:
    """Have the removal of a cluster close its groups in the same transaction."""
    post_delete.connect(_cluster_removed, sender=Cluster, dispatch_uid="alerts_of_removed_cluster")


def close_abandoned(now_ms: int) -> int:
    """Close the open groups of which no alert is left, as those of removed clusters; how many."""
    open_alerts = Alert.objects.filter(group=OuterRef("pk")).exclude(state=RESOLVED)
    found = AlertGroup.objects.exclude(state=RESOLVED).filter(~Exists(open_alerts))
    with transaction.atomic():
        locked = groups.lock(list(found.values_list("pk", flat=True)))
        changes = {group_id: Change(is_told=True, reason=REMOVED) for group_id in locked}
        groups.settle(locked, changes, now_ms)
    return len(locked)


def darken_paused(now_ms: int) -> int:
    """Make what fires in paused clusters unknown: nobody looks there any more; how many alerts.

    What was sent to us is not ours to judge: whoever sends it goes on looking.
    """
    paused = Cluster.objects.filter(is_paused=True, alerts__state=FIRING, alerts__source=rows.OURS).distinct()
    return sum(_darken(cluster_id, now_ms) for cluster_id in list(paused.values_list("pk", flat=True)))


def prune(now_ms: int) -> int:
    """Forget what has been over for longer than it is kept; how many rows are gone. Safe to run twice."""
    cut_ms = now_ms - int(settings.TOPMAST_ALERT_DAYS * DAY_MS)
    over = Alert.objects.filter(state=RESOLVED, since_ms__lt=cut_ms, resolved_at_ms__lt=cut_ms)
    gone = delete_in_slices(over)
    closed = AlertGroup.objects.filter(state=RESOLVED, changed_at_ms__lt=cut_ms, resolved_at_ms__lt=cut_ms)
    return gone + delete_in_slices(closed)


def _darken(cluster_id: int, now_ms: int) -> int:
    with transaction.atomic():
        cluster = Cluster.objects.select_for_update().filter(pk=cluster_id, is_paused=True).first()
        if cluster is None:
            return 0
        before = rows.restore(cluster_id)
        unknown = darkened(before, PAUSED, now_ms)
        storing.store_unheld(cluster_id, str(cluster.uuid), unknown, now_ms)
    return len(unknown)


def _cluster_removed(**_: Any) -> None:
    close_abandoned(time.time_ns() // 1_000_000)
