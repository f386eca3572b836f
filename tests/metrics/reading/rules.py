"""Two rules for tests: pods in trouble, and a line that is lost; and a window's alerts under them."""

from metrics.alerts.effective import ClusterTerms, Place
from metrics.alerts.evaluate import ClusterAlerts
from metrics.alerts.rules import default_terms, read_rule
from metrics.reading.alerting import Alerting
from metrics.reading.judging import Rulebook
from tests.metrics.alerts.rows import by_workload

PODS = "pod-in-trouble"
LINE = "line-lost"

_FORM = """
id: {id}
name: {name}
source: topmast
severity: {severity}
cause: workload
about: {about}
when: [{when}]
for: {wait}
sentence: "It is in trouble."
sentence_many: "{{count}} are in trouble."
advice: "Look at it."
command: "kubectl get pods"
"""


def a_rulebook(*, wait: str = "0s", when: str = "{field: health, is: [critical, degraded]}") -> Rulebook:
    """Both rules; `when` says what is trouble of a pod, which has to last for `wait`."""
    pods = _FORM.format(
        id=PODS,
        name="PodInTrouble",
        severity="warning",
        about="Pod",
        when=when,
        wait=wait,
    )
    line = _FORM.format(
        id=LINE, name="LineLost", severity="critical", about="Cluster",
        when="{field: line_state, is: unreachable}", wait="0s",
    )  # fmt: skip
    rules = {name: read_rule(name, text.encode()) for name, text in ((PODS, pods), (LINE, line))}
    return Rulebook(rules, by_workload)


def an_alerting(
    cluster_id: int, book: Rulebook | None = None, alerts: ClusterAlerts | None = None
) -> Alerting:
    """What a window of this cluster holds of its alerts."""
    book = book or a_rulebook()
    terms = ClusterTerms(default_terms(book.rules), [], Place(cluster_id=cluster_id))
    return Alerting(book.rules, terms, alerts or ClusterAlerts())
