"""What is wrong in a cluster, one row a cause: kept step by step, and equal to folding everything anew."""

from collections import defaultdict
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.mirror.causes import TROUBLE
from clusters.mirror.mirror import Mirror
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHS, HEALTHY, PENDING, Resource
from clusters.state.summary import Cause, KindState
from tests.resources import a_node, a_pod, a_resource

HEALTH = st.sampled_from([CRITICAL, DEGRADED, PENDING, HEALTHY])
NODES, WORKLOADS = ("n1", "n2", "n3"), ("Deployment/a", "Deployment/b", "")
SINCE = st.integers(1, 5)

pods = st.builds(
    lambda name, node, workload, health, since, version: a_pod(
        name, uid=f"pod-{name}", node=node, workload=workload, health=health, reason=health, since_ms=since,
        version=str(version),
    ),
    st.sampled_from([f"p{i}" for i in range(8)]), st.sampled_from(NODES), st.sampled_from(WORKLOADS),
    HEALTH, SINCE, st.integers(),
)  # fmt: skip
nodes = st.builds(
    lambda name, health, ready, since, version: a_node(
        name, uid=f"node-{name}", health=health, reason=health, is_ready=ready, since_ms=since,
        version=str(version),
    ),
    st.sampled_from(NODES), HEALTH, st.booleans(), SINCE, st.integers(),
)  # fmt: skip
others = st.builds(
    lambda kind, name, uid, health, since, version: a_resource(
        kind, name=name, uid=f"{kind}-{name}-{uid}", health=health, reason=health, since_ms=since,
        workload="Deployment/a" if kind == "ReplicaSet" else "", version=str(version),
    ),
    st.sampled_from(["Deployment", "ReplicaSet"]), st.sampled_from(["a", "b"]), st.integers(0, 1),
    HEALTH, SINCE, st.integers(),
)  # fmt: skip
acts = st.lists(st.tuples(st.booleans(), st.one_of(pods, pods, nodes, others)), max_size=40)


@settings(max_examples=300, deadline=None)
@given(acts)
def test_rows_kept_step_by_step_are_those_folded_anew(acts: list[tuple[bool, Resource]]) -> None:
    mirror = Mirror()
    for is_there, resource in acts:
        if is_there:
            mirror.put(resource, now_ms=9)
        else:
            mirror.remove(resource.kind, resource.uid)
        names = [(one.kind, one.namespace, one.name) for one in mirror.everything() if one.kind != "Pod"]
        if len(set(names)) < len(names):
            continue  # Two objects of one name, which only a moment between two lists has.
        assert _told(mirror.summary().causes) == _told(fold(list(mirror.everything())))


def test_a_name_that_is_given_to_another_object_keeps_its_row() -> None:
    mirror = Mirror()
    old, new = (a_resource("Deployment", name="web", uid=uid, health=DEGRADED) for uid in ("old", "new"))
    mirror.put(old, now_ms=1)
    mirror.put(new, now_ms=2)

    mirror.remove("Deployment", "old")

    assert [(cause.kind, cause.name) for cause in mirror.summary().causes] == [("Deployment", "web")]


def test_a_node_that_took_a_critical_workload_along_is_a_critical_row() -> None:
    mirror = Mirror()
    mirror.put(a_node("lost", health=DEGRADED, reason="NotReady", is_ready=False), now_ms=5)
    mirror.put(a_pod("db-0", node="lost", health=DEGRADED, workload="StatefulSet/db"), now_ms=5)
    mirror.put(a_resource("StatefulSet", name="db", health=CRITICAL, reason="NoneReady"), now_ms=5)

    [cause] = mirror.summary().causes

    assert (cause.kind, cause.name, cause.health, cause.reason) == ("Node", "lost", CRITICAL, "NotReady")


def test_what_one_of_thousands_does_shows_at_once() -> None:
    mirror = Mirror()
    mirror.kinds["Pod"] = KindState("live")
    for i in range(2_000):
        mirror.put(a_pod(f"p{i}", health=DEGRADED, workload=f"Deployment/d{i % 100}"), now_ms=5)
    assert mirror.summary().causes_total == 100

    mirror.put(a_pod("one-more", health=CRITICAL, workload="Deployment/api"), now_ms=5)

    assert mirror.summary().causes[0].name == "api"
    assert mirror.summary().causes_total == 101


def _told(causes: Iterable[Cause]) -> list[tuple[object, ...]]:
    return [
        (one.health, one.reason, one.kind, one.namespace, one.name, one.count, one.since_ms) for one in causes
    ]


def fold(everything: list[Resource]) -> list[Cause]:  # noqa: C901
    """The same rules from nothing, as plainly as they can be said."""
    troubled = [one for one in everything if one.health in TROUBLE]
    bad = {
        one.name: one for one in everything if one.kind == "Node" and (one in troubled or not one.is_ready)
    }
    unready = {one.name for one in bad.values() if not one.is_ready}
    shaken = {
        (one.namespace, one.workload)
        for one in everything
        if one.kind == "Pod" and one.node in unready and one.workload
    }
    groups = defaultdict(list)
    for pod in (one for one in troubled if one.kind == "Pod"):
        groups[pod.namespace, pod.workload or f"Pod/{pod.name}"].append(pod)
    owners = {
        (one.namespace, f"{one.kind}/{one.name}"): one for one in troubled if one.kind not in ("Pod", "Node")
    }
    causes, left_to_nodes = [], []
    for (namespace, workload), group in groups.items():
        owner = owners.get((namespace, workload))
        if all(pod.node in bad for pod in group):
            left_to_nodes += [*group, *([owner] if owner else [])]
            continue
        kind, _, name = workload.partition("/")
        worst = min(group, key=lambda pod: (HEALTHS.index(pod.health), pod.since_ms, pod.name))
        both = [*group, *([owner] if owner else [])]
        health = min((one.health for one in both), key=HEALTHS.index)
        since = min(one.since_ms for one in both)
        causes.append(Cause(health, worst.reason, kind, namespace, name, "Pod", len(group), since))
    for key, owner in owners.items():
        if key in groups:
            continue
        if key in shaken:
            left_to_nodes.append(owner)
        elif (owner.namespace, owner.workload) not in groups:
            causes.append(
                Cause(
                    owner.health, owner.reason, owner.kind, owner.namespace, owner.name, owner.kind, 1,
                    owner.since_ms,
                )
            )  # fmt: skip
    by_reason = defaultdict(list)
    for node in bad.values():
        if left_to_nodes or node.health in TROUBLE:
            by_reason[node.health, node.reason].append(node)
    for (health, reason), group in by_reason.items():
        name = group[0].name if len(group) == 1 else ""
        since = min(node.since_ms for node in group)
        bad_words = [health if health in TROUBLE else DEGRADED]
        if any(not node.is_ready for node in group):
            bad_words += [one.health for one in left_to_nodes]
        worst = min(bad_words, key=HEALTHS.index)
        causes.append(Cause(worst, reason, "Node", "", name, "Node", len(group), since))
    return sorted(
        causes,
        key=lambda one: (
            HEALTHS.index(one.health), -one.since_ms, one.kind, one.namespace, one.name, one.reason,
        ),
    )  # fmt: skip
