"""What the labels and annotations of a Prometheus alert say: what is wrong, how badly, and with what. Pure.

Labels are the ones that kube-state-metrics and the kubernetes-mixin use. Where a scrape adds its own target's
`pod` and `namespace` to them, what the rule is about goes before these.
"""

import re
from collections.abc import Mapping

from metrics.alerts.grouping import LONGEST_KEY, Cause, cause_of
from metrics.alerts.rules import PORTAL, Rule, rulebook
from metrics.alerts.values import Kept, Subject, Value

LONGEST_SENTENCE = 500
CLUSTER_LABELS = ("cluster", "k8s_cluster")
"""Which of them a cluster is named by; the first that is there."""

UNNAMED = "A cluster that is not registered"

CLUSTER = "Cluster"
_LABELS_OF = {
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "Job": "job_name",
    "CronJob": "cronjob",
    "HorizontalPodAutoscaler": "horizontalpodautoscaler",
    "PodDisruptionBudget": "poddisruptionbudget",
    "ResourceQuota": "resourcequota",
    "PersistentVolumeClaim": "persistentvolumeclaim",
    "PersistentVolume": "persistentvolume",
    "Pod": "pod",
    "Node": "node",
    "Namespace": "namespace",
}
"""The label that names a subject of each kind, the most telling first: a pod may be the one that measured."""
_LABELS_OF_RULES = {**_LABELS_OF, "APIService": "name"}
_WITHOUT_NAMESPACE = frozenset({"PersistentVolume", "Node", "Namespace", "APIService"})
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
_SEVERITIES = {"critical": "critical", "page": "critical", "warning": "warning", "info": "info"}
_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f]{1,490}", re.ASCII | re.IGNORECASE)


def rule_of(alertname: str) -> Rule | None:
    """The rule of ours that has this name, the mixin's; None of those that are about the portal."""
    named = (rule for rule in rulebook().values() if rule.name == alertname and rule.about != PORTAL)
    return next(named, None)


def told_name(alertname: str) -> str:
    """What an alert is called here: never by the id of a rule of ours, whose words it does not have."""
    rule = rulebook().get(alertname)
    return alertname if rule is None else rule.name


def severity_of(labels: Mapping[str, str]) -> str:
    """One of ours; a word that is none of them is a warning."""
    return _SEVERITIES.get(labels.get("severity", "").strip().lower(), "warning")


def cluster_named(labels: Mapping[str, str]) -> str:
    """What the alert calls its cluster; empty where it does not say."""
    return next((labels[name] for name in CLUSTER_LABELS if labels.get(name)), "")


def place_called(labels: Mapping[str, str]) -> str:
    """What to call the place of an alert without a cluster; empty: it is about the portal itself."""
    return (cluster_named(labels) or UNNAMED) if labels else ""


def subject_of(labels: Mapping[str, str], rule: Rule | None) -> Subject:
    """What it is about: of the kind that the rule is about, else what is named; the cluster as a whole."""
    if rule is not None:
        if rule.about == CLUSTER:
            return Subject(CLUSTER)
        name = labels.get(_LABELS_OF_RULES.get(rule.about, ""))
        if name:
            return _subject(rule.about, name, labels)
    for kind, label in _LABELS_OF.items():
        if labels.get(label):
            return _subject(kind, labels[label], labels)
    return Subject(CLUSTER)


def workload_of(labels: Mapping[str, str], subject: Subject) -> str:
    """`Kind/name` of the workload that a pod is said to be of; empty where nothing is said."""
    if subject.kind != "Pod":
        return ""
    kind = next((one for one in _WORKLOADS if labels.get(_LABELS_OF[one])), None)
    return f"{kind}/{labels[_LABELS_OF[kind]]}" if kind else ""


def params_of(alertname: str, annotations: Mapping[str, str], source_url: str) -> dict[str, Value]:
    """What people are told: the sentence of its annotations, and where they lead on."""
    said = [_line(annotations.get(name, "")) for name in ("summary", "description")]
    sentence = " ".join(dict.fromkeys(filter(None, said))) or _line(annotations.get("message", ""))
    params: dict[str, Value] = {"sentence": _clipped(sentence or alertname)}
    links = {"runbook_url": annotations.get("runbook_url", ""), "source_url": source_url}
    return params | {name: link for name, link in links.items() if _LINK.fullmatch(link)}


def cause_of_sent(cluster: str, alert: Kept) -> Cause:
    """What it is told with: as our own alerts of that rule, else as its subject suggests.

    `cluster` is the UUID, or where it is not registered what the alert calls it.
    """
    name, kind = alert.key.rule, alert.key.subject.kind
    rule = rule_of(name)
    if rule is not None:
        return cause_of(rule_cause=rule.cause, together=rule.together, cluster=cluster, alert=alert)
    if not cluster and kind == CLUSTER:
        return Cause("inbound", f"inbound:{name}"[:LONGEST_KEY])
    looked_for = {CLUSTER: "cluster", "Node": "node"}.get(kind, "workload")
    return cause_of(rule_cause=looked_for, together=name, cluster=cluster, alert=alert)


def _subject(kind: str, name: str, labels: Mapping[str, str]) -> Subject:
    return Subject(kind, "" if kind in _WITHOUT_NAMESPACE else labels.get("namespace", ""), name)


def _line(text: str) -> str:
    return " ".join(text.split())


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_SENTENCE else text[: LONGEST_SENTENCE - 1] + "…"
