"""The verdict of a node."""

from typing import NamedTuple

from clusters.state.ages import MINUTE_MS, moment_ms
from clusters.state.objects import Condition, Conditions, Metadata, condition
from clusters.state.resource import CRITICAL, DEGRADED, PENDING, Turn, Verdict
from clusters.state.verdicts import healthy, motion, transition_ms

NOT_READY_LIMIT_MS = 2 * MINUTE_MS
"""A node may be away this long, for a restart of its kubelet, before people are hurt."""
CORDONED = "cordoned"

_IN_MAINTENANCE = frozenset({"GracefulNodeShutdownInProgress", "DrainInProgress", "MaintenanceInProgress"})
_INFORMATIONAL = frozenset({"Ready", "Drained", "MaintenancePlanned"}) | _IN_MAINTENANCE
_REMOVED_SOON = frozenset({"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"})


class NodeFacts(NamedTuple):
    """What else than its conditions decides on a node."""

    is_cordoned: bool
    taints: frozenset[str]


def node_verdict(metadata: Metadata, facts: NodeFacts, conditions: Conditions, now_ms: int) -> Verdict:
    """How the node is: away, under pressure, being taken out, or well."""
    ready = condition(conditions, "Ready")
    if ready is None or ready.status != "True":
        return _not_ready(metadata, ready, now_ms)
    bad = bad_conditions(conditions)
    if bad:
        return Verdict(DEGRADED, bad[0].type, transition_ms(bad[0]))
    if metadata.deletion_timestamp is not None:
        return Verdict(PENDING, "Terminating", moment_ms(metadata.deletion_timestamp))
    for one in conditions or ():
        if one.type in _IN_MAINTENANCE and one.status == "True":
            return Verdict(PENDING, one.type, transition_ms(one))
    removing = sorted(facts.taints & _REMOVED_SOON)
    if removing:
        return Verdict(PENDING, removing[0], None)
    return healthy(CORDONED if facts.is_cordoned else "", transition_ms(ready))


def bad_conditions(conditions: Conditions) -> list[Condition]:
    """Every condition that is True and should not be. One that nobody has heard of counts as such."""
    return [one for one in conditions or () if one.status == "True" and one.type not in _INFORMATIONAL]


def _not_ready(metadata: Metadata, ready: Condition | None, now_ms: int) -> Verdict:
    """kubectl's word: NotReady for False and for Unknown, Unknown where nothing was ever reported."""
    reason = "Unknown" if ready is None else "NotReady"
    base_ms = transition_ms(ready) or moment_ms(metadata.creation_timestamp) or now_ms
    return motion(reason, base_ms, Turn(base_ms + NOT_READY_LIMIT_MS, CRITICAL, reason), now_ms)
