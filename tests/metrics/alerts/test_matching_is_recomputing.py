"""Whatever comes in whatever order: what is kept up to date is what would be found from scratch."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.kinds.daemon_set import DaemonSet
from clusters.kinds.deployment import Deployment
from clusters.kinds.job import Job
from clusters.kinds.namespace import Namespace
from clusters.kinds.node import BadCondition, Node, NodeTaint
from clusters.kinds.pod import Pod, TroubledContainer
from clusters.kinds.stateful_set import StatefulSet
from metrics.alerts.effective import Setting
from tests.builders import an_object
from tests.clusters.kinds.objects import MINUTE_MS, NOW_MS
from tests.metrics.alerts.matched import Watched
from tests.metrics.alerts.recomputed import Past

few = st.integers(0, 3)
troubles = st.sampled_from(["degraded", "pending", "critical", "silenced"])
moments = st.integers(-200, 10).map(lambda minutes: NOW_MS + minutes * MINUTE_MS)
crashing = TroubledContainer(name="app", state="waiting", reason="CrashLoopBackOff")
containers = st.sampled_from([None, crashing, crashing]) | st.builds(
    TroubledContainer,
    name=st.just("app"),
    state=st.sampled_from(["waiting", "running", "terminated"]),
    reason=st.sampled_from(["CrashLoopBackOff", "ImagePullBackOff", "Restarted"]),
    last_reason=st.sampled_from(["OOMKilled", "Error"]),
    last_finished_at_ms=st.none() | moments,
)
quiet_pods = st.fixed_dictionaries(
    {"health": st.just("healthy"), "reason": st.sampled_from(["", "Completed", "OOMKilled", "Evicted"])}
)
loud_pods = st.fixed_dictionaries(
    {
        "health": troubles,
        "reason": st.sampled_from(["NotReady", "Unschedulable", "Evicted", "Restarted", "OOMKilled"]),
        "container": containers,
    }
)
pod_facts = st.fixed_dictionaries(
    {
        "since_ms": moments, "node": st.sampled_from(["", "a", "b"]), "restarts": st.integers(0, 9),
        "workload": st.sampled_from(["", "Job/web", "Deployment/web"]), "ready_containers": st.integers(0, 1),
        "containers": st.just(1), "is_finished": st.booleans(),
        "status": st.sampled_from(["Running", "ContainerCreating", "Init:0/1", "SchedulingGated"]),
    }
)  # fmt: skip
taints = st.sampled_from(
    [
        NodeTaint("node.kubernetes.io/unreachable", "NoSchedule"),
        NodeTaint("ToBeDeletedByClusterAutoscaler", "NoSchedule"),
    ]
)
bad = st.sampled_from(
    [BadCondition("DiskPressure", "True", "", "", None), BadCondition("Odd", "True", "", "", None)]
)
healths = st.fixed_dictionaries({"health": st.just("healthy") | troubles})
FACTS: dict[type, Any] = {
    Pod: st.tuples(pod_facts, quiet_pods | loud_pods).map(lambda pair: pair[0] | pair[1]),
    Node: st.fixed_dictionaries(
        {
            "health": st.just("healthy") | troubles, "is_ready": st.booleans(), "is_cordoned": st.booleans(),
            "pods_allocatable": st.none() | st.integers(1, 3),
            "taints": st.lists(taints, max_size=2).map(tuple),
            "conditions": st.lists(bad, max_size=2).map(tuple),
        }
    ),
    Deployment: st.fixed_dictionaries(
        {
            "health": st.just("healthy") | troubles, "wanted": few, "available": few, "updated": few,
            "reason": st.sampled_from(["", "ProgressDeadlineExceeded"]), "generation": st.none() | few,
            "observed_generation": st.none() | few, "is_progressing": st.none() | st.booleans(),
        }
    ),
    StatefulSet: st.fixed_dictionaries(
        {
            "wanted": few, "ready": few, "updated": few, "replicas": few, "is_updating": st.booleans(),
            "generation": st.none() | few, "observed_generation": st.none() | few,
        }
    ),
    DaemonSet: st.fixed_dictionaries(
        {"wanted": few, "replicas": few, "updated": few, "available": few, "is_on_delete": st.booleans()}
    ),
    Job: st.fixed_dictionaries(
        {
            "active": few, "status": st.sampled_from(["Running", "Failed"]),
            "started_ms": st.none() | st.integers(-15, 1).map(lambda hours: NOW_MS + hours * 60 * MINUTE_MS),
        }
    ),
    Namespace: st.fixed_dictionaries({"status": st.sampled_from(["Active", "Terminating"])}),
}  # fmt: skip


def puts(*kinds: type) -> Any:
    """One of a few objects of these kinds, in some state."""
    return st.one_of([st.builds(_put, st.just(kind), st.sampled_from("ab"), FACTS[kind]) for kind in kinds])


def _put(kind: type, name: str, facts: dict[str, Any]) -> Any:
    namespace = "" if kind in (Node, Namespace) else "shop"
    return an_object(kind.__name__, name, namespace=namespace, uid=f"{kind.__name__}-{name}", **facts)


TOGETHER = [
    (Pod,),
    (Pod,),
    (Pod, Node),
    (Node,),
    (Deployment,),
    (StatefulSet,),
    (DaemonSet,),
    (Job, Namespace),
]
"""Kinds that are tried together: among too many at once, hardly anything happens to one object."""
waits = st.sampled_from([0, 1, 4, 5, 6, 10, 15, 30, 60]).map(lambda minutes: minutes * MINUTE_MS)
removals = st.tuples(st.just("remove"), few)
STEPS = st.sampled_from(TOGETHER).flatmap(
    lambda kinds: st.lists(puts(*kinds) | puts(*kinds) | waits | removals, max_size=30)
)


@settings(max_examples=250, deadline=None)
@given(steps=STEPS)
def test_what_is_kept_up_to_date_is_what_would_be_found_from_scratch(steps: list[Any]) -> None:
    watched = Watched()
    past = Past(dict(watched.rules))
    for step in steps:
        if isinstance(step, int):
            watched.now_ms += step
        elif isinstance(step, tuple):
            for gone in past.now()[step[1] : step[1] + 1]:
                watched.remove(gone)
                past.remove(gone.uid)
        else:
            watched.put(step)
            past.put(step, watched.now_ms)
        matches = watched.seen().matches.items()
        found = {key: match.params for key, match in matches if key.subject.kind != "Cluster"}
        assert found == past.found(watched.now_ms)
        assert past.found(_just_before_the_next(watched)) == found, "time alone changed more than was said"


def _just_before_the_next(watched: Watched) -> int:
    due_ms = watched.matching.next_due_ms
    assert due_ms is None or due_ms > watched.now_ms
    return watched.now_ms + 30 * 24 * 60 * MINUTE_MS if due_ms is None else due_ms - 1


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(puts(Pod), max_size=12),
    limits=st.fixed_dictionaries({"recent_minutes": few.map(float)}),
    after=st.lists(puts(Pod) | waits, max_size=12),
)
def test_other_limits_find_what_they_would_have_found_from_scratch(
    before: list[Any], limits: dict[str, float], after: list[Any]
) -> None:
    watched = Watched().put(*before)
    rules = dict(watched.rules)
    rule = "pod-out-of-memory"
    rules[rule] = msgspec.structs.replace(rules[rule], limits=limits)
    past = Past(rules)
    for one in before:
        past.put(one, watched.now_ms)
    setting = Setting(rule=rule, limits=limits)
    watched.matching.change_terms(watched.terms(setting), watched.mirror.everything(), watched.now_ms)
    for step in after:
        if isinstance(step, int):
            watched.now_ms += step
        else:
            watched.put(step)
            past.put(step, watched.now_ms)
    matches = watched.seen().matches.items()
    found = {key: match.params for key, match in matches if key.subject.kind != "Cluster"}
    assert found == past.found(watched.now_ms)
