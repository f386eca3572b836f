"""Alerts, evaluations and causes for tests that store them."""

from collections.abc import Sequence

from clusters import leases
from clusters.models import Cluster
from metrics.alerts.effective import Terms
from metrics.alerts.evaluate import ClusterAlerts, evaluate
from metrics.alerts.grouping import Cause, cause_of
from metrics.alerts.storing import ClusterTransitions, store_transitions
from metrics.alerts.values import AlertKey, Kept, Match, Seen, Subject, Transition
from tests.metrics.rows import a_cluster

OWNER = "one"
T0 = 1_700_000_000_000
RULE = "pod-crash-looping"


def a_match(name: str = "web-1", *, rule: str = RULE, namespace: str = "shop", workload: str = "") -> Match:
    """A condition that holds for a pod."""
    key = AlertKey(rule, Subject("Pod", namespace, name))
    return Match(key=key, node="node-1", workload=workload or "Deployment/web", params={"restarts": 7})


def by_workload(cluster: str, alert: Kept) -> Cause:
    """What the rulebook says of the rules of these tests."""
    return cause_of(rule_cause="workload", together=alert.key.rule, cluster=cluster, alert=alert)


class JudgedCluster:
    """A cluster that is held by a reader, and the reader's view of its alerts."""

    def __init__(self, *, terms: Terms | None = None) -> None:
        self.row: Cluster = a_cluster()
        self.terms = terms or Terms(rule=RULE, severity="warning")
        held = leases.take(self.row.pk, OWNER, T0)
        assert held is not None
        self.fence = held.fence
        self.alerts = ClusterAlerts()

    def judge(self, at_ms: int, *matches: Match, is_readable: bool = True) -> set[int]:
        """Judge what is seen and store what came of it; the clusters that were refused."""
        seen = Seen(matches={one.key: one for one in matches}, is_readable=is_readable)
        outcome = evaluate(self.alerts, seen, lambda _key: self.terms, at_ms)
        self.alerts = outcome.after
        return self.store(at_ms, outcome.transitions)

    def store(self, at_ms: int, transitions: Sequence[Transition]) -> set[int]:
        found = self.found(at_ms, transitions)
        return store_transitions([found], OWNER, by_workload, at_ms)

    def found(self, at_ms: int, transitions: Sequence[Transition]) -> ClusterTransitions:
        return ClusterTransitions(
            cluster_id=self.row.pk,
            cluster=str(self.row.uuid),
            fence=self.fence,
            transitions=transitions,
            evaluated_at_ms=at_ms,
        )
