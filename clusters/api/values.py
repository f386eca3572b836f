"""From rows to the values that pictures are made of."""

from clusters.models import Cluster, ClusterState
from clusters.state.picture import ClusterValues, cluster_picture
from clusters.state.summary import decode_summary

_COLUMNS = (
    "health", "reason", "since_ms", "connection", "connection_reason", "connection_message",
    "connection_since_ms", "last_read_at_ms", "next_try_at_ms", "fence", "number", "taken_at_ms",
)  # fmt: skip


def values_of(cluster: Cluster) -> ClusterValues:
    """What is known of a cluster; fetch it with select_related("state")."""
    state: ClusterState | None = getattr(cluster, "state", None)
    if state is None:
        return ClusterValues(uuid=str(cluster.uuid))
    return ClusterValues(
        uuid=str(cluster.uuid),
        summary=decode_summary(bytes(state.summary)),
        **{column: getattr(state, column) for column in _COLUMNS},
    )


def named_picture(cluster: Cluster) -> dict[str, object]:
    """The picture of a cluster with how people call it: what REST shows."""
    picture = cluster_picture(values_of(cluster))
    return {
        "id": picture.pop("id"),
        "slug": cluster.slug,
        "name": cluster.name,
        "labels": cluster.labels,
        "is_demo": cluster.is_demo,
        "is_paused": cluster.is_paused,
        **picture,
    }
