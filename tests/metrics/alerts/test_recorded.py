"""The rules against what real API servers have said."""

from collections import Counter
from typing import Any

import msgspec

from clusters.kinds import all_kinds, kind_named
from clusters.state.resource import HEALTHY
from tests.clusters import recorded
from tests.clusters.kinds.printing import recorded_list
from tests.clusters.kinds.test_tables import RECORDED_AT_MS
from tests.metrics.alerts.matched import Watched

POD = kind_named("Pod")
NOT_RECORDED = {"pod-restart-rate", "node-eviction"}
"""What needs a past, and what is found for a quarter of an hour only."""


def recorded_pods() -> list[Any]:
    """3,100 pods in every state that pods are known to be in, each with a name of its own."""
    pods = []
    for number, line in enumerate(recorded.values("pod-columns.jsonl")):
        pod = POD.read(msgspec.convert(line["pod"], POD.api_object), RECORDED_AT_MS)
        pods.append(msgspec.structs.replace(pod, name=f"pod-{number}", uid=f"pod-{number}"))
    return pods


def test_among_recorded_pods_each_rule_finds_some_and_none_finds_a_healthy_one() -> None:
    watched = Watched()
    watched.now_ms = RECORDED_AT_MS
    pods = recorded_pods()
    watched.put(*pods)
    well = {pod.name for pod in pods if pod.health == HEALTHY}

    found = Counter[str]()
    for key in watched.seen().matches:
        if key.subject.kind == "Pod":
            found[key.rule] += 1
            assert key.subject.name not in well or key.rule == "pod-out-of-memory", key

    about_pods = {rule.id for rule in watched.rules.values() if rule.about == "Pod"}
    assert found.keys() == about_pods - NOT_RECORDED
    assert len(well) > 100


def test_a_recorded_cluster_is_judged_whole() -> None:
    watched = Watched()
    watched.now_ms = RECORDED_AT_MS
    for kind in all_kinds():
        watched.put(*recorded_list(kind.name, kind.plural, RECORDED_AT_MS))

    matches = watched.seen().matches
    found = {key.rule for key in matches}
    assert found == {
        "daemon-set-rollout-stuck", "deployment-replicas-mismatch", "job-failed", "pod-not-ready",
        "stateful-set-replicas-mismatch",
    }  # fmt: skip
    # In this cluster no kubelet runs: nothing becomes available, so nothing else may be found to be well.
    short = {one.name for one in watched.mirror.objects("Deployment").values() if one.available < one.wanted}
    assert short == set(watched.found("deployment-replicas-mismatch"))
    assert watched.found("job-failed") == ["broken"]
    assert watched.found("daemon-set-rollout-stuck") == ["agent"]
    assert watched.found("stateful-set-replicas-mismatch") == ["db"]
