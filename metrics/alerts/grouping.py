"""One cause, one group: which alerts are told together, and when. Pure.

The times are Alertmanager's defaults: what fires within 30 s of the first is told with it, what comes later
every 5 min, what goes on is told again after 4 h. The operator may set others.
"""

from typing import NamedTuple

from metrics.alerts.values import Kept

GROUP_WAIT_MS = 30_000
GROUP_INTERVAL_MS = 300_000
REPEAT_MS = 4 * 3_600_000
UNKNOWN_WAIT_MS = 120_000
"""What cannot be read any more waits for ClusterUnreachable, which fires after a minute and speaks for it."""

CAUSES = ("cluster", "node", "workload", "image", "rule")

LONGEST_KEY = 400


class Cause(NamedTuple):
    """What an alert comes of. Open alerts of the same key are one group."""

    cause: str
    key: str


def cause_of(*, rule_cause: str, together: str, cluster: str, alert: Kept) -> Cause:
    """The cause of one alert. `cluster` is its UUID, empty where the alert is about the portal itself.

    `rule_cause` is where the rule looks for it: the cluster, its nodes (all that are in the same trouble are
    one cause), the workload (whatever is wrong with it or its pods), the image (in all clusters at
    once) or nothing but the rule (in all clusters at once). `together` names what rules about the same
    trouble share, else it is the rule itself.
    """
    match = alert.match
    if rule_cause == "image" and match.image:
        return _cause("image", match.image)
    if rule_cause == "rule":
        return _cause("rule", together)
    if rule_cause in ("workload", "image"):
        return _cause("workload", cluster, match.key.subject.namespace, workload_behind(alert))
    return _cause("node" if rule_cause == "node" else "cluster", cluster, together)


def workload_behind(alert: Kept) -> str:
    """`Kind/name` of the workload an alert is about; the subject itself where nothing owns it."""
    subject = alert.match.key.subject
    return alert.match.workload or f"{subject.kind}/{subject.name}"


def next_flush_ms(
    *,
    now_ms: int,
    flush_at_ms: int | None,
    notified_at_ms: int | None,
    is_worse: bool = False,
    is_unknown: bool = False,
    wait_ms: int = GROUP_WAIT_MS,
    interval_ms: int = GROUP_INTERVAL_MS,
) -> int:
    """When a group that has just changed is to be told about.

    `flush_at_ms` is what was planned, `notified_at_ms` when it was last told about (None: never), `is_worse`
    that its severity rose: that does not wait for the interval; `is_unknown` that it cannot be read any more.
    """
    soonest = now_ms + wait_ms
    due = soonest
    if notified_at_ms is not None and not is_worse:
        due = max(now_ms, notified_at_ms + interval_ms)
    if is_unknown and notified_at_ms is not None:
        due = max(due, now_ms + UNKNOWN_WAIT_MS)
    # A clock that was put back leaves plans far ahead: none may be later than what would be planned now.
    return due if flush_at_ms is None else min(due, flush_at_ms)


def repeat_ms(notified_at_ms: int) -> int:
    """When a group that goes on as it is is told again."""
    return notified_at_ms + REPEAT_MS


def _cause(cause: str, *parts: str) -> Cause:
    return Cause(cause, ":".join((cause, *parts))[:LONGEST_KEY])
