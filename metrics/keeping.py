"""What has to be done now and then so that history stays small: close hours, join entries, prune."""

from clusters.models import Cluster
from metrics.journal.compaction import compact
from metrics.journal.retention import prune
from metrics.series.hours import close_hours


def keep(now_ms: int) -> None:
    """One round over all clusters. Each step is short, safe to run twice and safe to be cut off."""
    for cluster_id in Cluster.objects.order_by("pk").values_list("pk", flat=True):
        close_hours(cluster_id, now_ms)
        compact(cluster_id, now_ms)
    prune(now_ms)
