"""Frames as a worker would publish them."""

from clusters.mirror.changes import Change
from clusters.models import Cluster
from clusters.state.picture import ClusterValues
from clusters.state.summary import HealthCounts, Summary
from metrics.live.frames import Frame, build_frame
from tests.resources import a_resource


def values(cluster: Cluster | str, *, fence: int = 1, number: int = 1, **facts: object) -> ClusterValues:
    """A live cluster of ten healthy pods."""
    uuid = cluster if isinstance(cluster, str) else str(cluster.uuid)
    ordinary = {
        "health": "healthy",
        "connection": "live",
        "taken_at_ms": 2_000,
        "summary": Summary(version="v1.36.3", pods=HealthCounts(healthy=10)),
    }
    return ClusterValues(uuid=uuid, fence=fence, number=number, **{**ordinary, **facts})


def a_frame(cluster: Cluster, number: int, *, fence: int = 1, changes: int = 1, **facts: object) -> Frame:
    """One step of a cluster in which so many deployments changed."""
    changed = [_change(index) for index in range(changes)]
    now = values(cluster, fence=fence, number=number, **facts)
    return build_frame(now, cluster.pk, changed, now_ms=1_000 * number)


def _change(index: int) -> Change:
    resource = a_resource(name=f"web-{index}", uid=f"uid-{index}")
    return Change(resource.kind, resource.uid, resource)
