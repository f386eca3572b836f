"""The cause of an alert, by what the shipped rulebook says of its rule."""

from metrics.alerts.grouping import Cause, cause_of
from metrics.alerts.rules import rulebook
from metrics.alerts.values import Kept


def cause_by_rulebook(cluster: str, alert: Kept) -> Cause:
    """The cause of an alert of a cluster (its UUID; empty: the portal). A rule that is no more is its own."""
    rule = rulebook().get(alert.key.rule)
    if rule is None:
        return cause_of(rule_cause="rule", together=alert.key.rule, cluster=cluster, alert=alert)
    return cause_of(rule_cause=rule.cause, together=rule.together, cluster=cluster, alert=alert)
