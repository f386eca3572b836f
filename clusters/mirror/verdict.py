"""How a whole cluster is: one health word, why, and since when. Pure."""

from typing import NamedTuple

from clusters.mirror.line import LIVE, SYNCING, Line
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHY, NO_DATA, PENDING
from clusters.state.summary import Summary


class ClusterHealth(NamedTuple):
    """The health of a cluster, the code of its reason, and since when (UTC ms)."""

    health: str
    reason: str
    since_ms: int | None


def cluster_health(line: Line, summary: Summary, before: ClusterHealth | None, now_ms: int) -> ClusterHealth:
    """The health now. While it stays the same so does `since`, whatever the reason becomes."""
    health, reason, since_ms = _judge(line, summary)
    if before is not None and before.health == health:
        return ClusterHealth(health, reason, before.since_ms)
    return ClusterHealth(health, reason, since_ms or now_ms)


def _judge(line: Line, summary: Summary) -> tuple[str, str, int | None]:
    if line.state == SYNCING and not summary.pods.total and not summary.nodes.total:
        return PENDING, "first_read", line.since_ms
    if line.state not in (LIVE, SYNCING):
        return NO_DATA, line.reason or line.state, line.since_ms
    worst = summary.causes[0] if summary.causes else None
    if worst is not None and (summary.nodes.critical or summary.workloads.critical):
        return CRITICAL, worst.reason, worst.since_ms
    if worst is not None:
        return DEGRADED, worst.reason, worst.since_ms
    return (PENDING, "first_read", line.since_ms) if line.state == SYNCING else (HEALTHY, "", None)
