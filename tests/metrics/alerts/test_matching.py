"""What rules find, kept up to date: objects come, change and go, time passes, clusters go out of sight."""

from typing import Any

import pytest

from clusters.mirror.line import LIVE, NEVER_REACHED, PAUSED, STALE, SYNCING, UNREACHABLE, Line
from clusters.state.summary import KindState
from metrics.alerts.effective import Setting
from metrics.alerts.values import Match
from tests.clusters.kinds.objects import MINUTE_MS, a_condition, ago, an_object
from tests.metrics.alerts.matched import Watched, key
from tests.metrics.alerts.test_rules import read
from tests.resources import a_resource

CRASHING = {"waiting": {"reason": "CrashLoopBackOff"}}
RUNNING = {"running": {"startedAt": ago(1)}}


def a_pod(name: str = "web-1", state: dict[str, Any] | None = None, version: int = 1, **more: Any) -> Any:
    """A running pod with one container."""
    container = {"name": "app", "ready": state is None, "state": state or RUNNING, "image": "shop/web:2"}
    container |= {"restartCount": more.pop("restarts", 0), "lastState": more.pop("last", None)}
    owner = {"kind": "StatefulSet", "name": "web", "controller": True}
    metadata = {"name": name, "uid": more.pop("uid", name), "resourceVersion": str(version)}
    status = {
        "phase": "Running", "containerStatuses": [container],
        "conditions": [a_condition("Ready", "True" if state is None else "False")], **more,
    }  # fmt: skip
    spec = {"containers": [{"name": "app"}], "nodeName": "node-1"}
    return an_object("Pod", {**metadata, "ownerReferences": [owner]}, spec=spec, status=status)


def test_what_is_found_tells_where_it_is_and_what_the_sentence_needs() -> None:
    watched = Watched().put(a_pod(state=CRASHING, restarts=7))

    assert watched.match("pod-crash-looping") == Match(
        key=key("pod-crash-looping", "Pod", "shop", "web-1"),
        node="node-1",
        workload="StatefulSet/web",
        image="shop/web:2",
        params={
            "name": "web-1", "namespace": "shop", "restarts": 7, "container.name": "app",
            "container.last_reason": "",
        },
    )  # fmt: skip


def test_what_is_no_longer_so_is_found_no_longer() -> None:
    watched = Watched().put(a_pod(state=CRASHING))
    watched.put(a_pod(version=2))

    assert watched.found("pod-not-ready") == []


def test_an_object_that_is_gone_is_found_no_longer() -> None:
    pod = a_pod(state=CRASHING)
    watched = Watched().put(pod)
    watched.remove(pod)

    assert not watched.seen().matches
    assert watched.matching.next_due_ms is None


def test_a_pod_in_back_off_counts_for_five_minutes_after_it_was_started_again() -> None:
    watched = Watched().put(a_pod(state=CRASHING)).after(1)
    ended = {"terminated": {"exitCode": 1, "finishedAt": ago(1)}}
    watched.put(a_pod(version=2, last=ended))

    assert watched.found("pod-crash-looping") == ["web-1"]
    assert watched.matching.next_due_ms == watched.now_ms + 5 * MINUTE_MS
    assert watched.after(4.9).found("pod-crash-looping") == ["web-1"]
    assert watched.after(0.1).found("pod-crash-looping") == []


def test_a_pod_that_takes_the_name_of_one_that_goes_later_keeps_its_alert() -> None:
    first, second = a_pod(uid="a", state=CRASHING), a_pod(uid="b", state=CRASHING)
    watched = Watched().put(first, second)
    watched.remove(first)

    assert watched.found("pod-crash-looping") == ["web-1"]
    watched.remove(second)
    assert watched.found("pod-crash-looping") == []


def test_changes_are_counted_and_what_stays_the_same_is_none() -> None:
    watched = Watched().put(a_pod(state=CRASHING), a_pod("web-2", state=CRASHING), a_pod("web-3"))
    before = watched.matching.changes
    watched.put(a_pod(state=CRASHING, version=2), a_pod("web-3", version=2))
    assert watched.matching.changes == before

    watched.put(a_pod(state=CRASHING, restarts=2, version=3))

    assert watched.matching.changes == before + 1


def test_the_mapping_of_what_is_found_is_kept_and_not_built_anew() -> None:
    watched = Watched().put(a_pod(state=CRASHING))

    assert watched.seen().matches is watched.seen().matches


def test_a_rule_that_is_off_in_a_namespace_finds_nothing_there() -> None:
    off = Setting(rule="pod-crash-looping", namespace="shop", is_off=True)

    assert Watched(off).put(a_pod(state=CRASHING)).found("pod-crash-looping") == []


def test_another_limit_holds_from_the_moment_it_is_set_and_what_was_remembered_stays() -> None:
    watched = Watched().put(a_pod()).after(1)
    ended = {"terminated": {"exitCode": 1, "finishedAt": ago(-1)}}
    watched.put(a_pod(restarts=3, last=ended, version=2))
    assert watched.found("pod-restart-rate") == []

    limits = Setting(rule="pod-restart-rate", limits={"restarts_an_hour": 3})
    watched.matching.change_terms(watched.terms(limits), watched.mirror.everything(), watched.now_ms)

    assert watched.match("pod-restart-rate").params["restarts_an_hour"] == 3
    watched.matching.change_terms(watched.terms(), watched.mirror.everything(), watched.now_ms)
    assert watched.found("pod-restart-rate") == []


@pytest.mark.parametrize(
    ("line", "is_found", "is_readable"),
    [
        (Line(state=LIVE), False, True),
        (Line(state=SYNCING), False, True),
        (Line(state=PAUSED, reason="paused"), False, False),
        (Line(state=NEVER_REACHED), False, False),
        (Line(state=NEVER_REACHED, reason="dns"), True, False),
        (Line(state=UNREACHABLE, reason="timeout"), True, False),
        (Line(state=STALE, reason="protocol"), True, False),
    ],
)
def test_a_cluster_is_unreachable_when_it_cannot_be_read_for_a_reason(
    line: Line, is_found: bool, is_readable: bool
) -> None:
    watched = Watched()
    watched.line = line

    assert watched.seen().is_readable is is_readable
    assert (key("cluster-unreachable") in watched.seen().matches) is is_found


def test_what_a_cluster_last_told_is_kept_while_it_cannot_be_read() -> None:
    watched = Watched()
    watched.mirror.usage_state = KindState("stale", reason="metrics_unavailable")
    assert key("metrics-missing") in watched.seen().matches

    watched.line = Line(state=UNREACHABLE, reason="timeout")
    watched.mirror.usage_state = KindState("live")

    assert key("metrics-missing") in watched.seen().matches


@pytest.mark.parametrize("state", ["stale", "refused", "unread", "syncing"])
def test_rules_are_blind_while_a_kind_that_they_need_is_not_read(state: str) -> None:
    watched = Watched()
    watched.mirror.kinds["Node"] = KindState(state)

    blind = watched.seen().blind_rules

    assert {"node-not-ready", "node-too-many-pods", "cpu-overcommit", "version-mismatch"} <= blind
    assert not {"pod-not-ready", "cluster-unreachable"} & blind


def test_a_rule_is_blind_while_the_figure_it_asks_for_is_unknown() -> None:
    watched = Watched()
    watched.mirror.usage_state = None
    watched.put(an_object("Node", {"name": "a"}, status={}))

    assert {"metrics-missing", "cpu-overcommit"} <= watched.seen().blind_rules
    assert not {"credential-expiring", "cluster-unreachable"} & watched.seen().blind_rules


def test_nothing_is_remembered_of_what_is_long_past() -> None:
    watched = Watched()
    for turn in range(3):
        watched.put(a_node(turn)).after(1)
    watched.seen()
    watched.after(120).seen()

    assert len(watched.matching._memory) == 0


def a_node(version: int) -> Any:
    """A node that is ready in every other version."""
    status = {"conditions": [a_condition("Ready", "True" if version % 2 else "False")]}
    return an_object("Node", {"name": "a", "resourceVersion": str(version)}, status=status)


def test_what_changed_is_remembered_for_as_long_as_a_rule_may_ask_for_it() -> None:
    def a_deployment(version: int, updated: int, available: int) -> Any:
        status = {"updatedReplicas": updated, "availableReplicas": available, "observedGeneration": 1}
        return an_object("Deployment", {"resourceVersion": str(version)}, spec={"replicas": 3}, status=status)

    watched = Watched().put(a_deployment(1, 3, 3)).after(1).put(a_deployment(2, 2, 3))
    for _ in range(5):
        watched.after(1).seen()
    watched.put(a_deployment(3, 2, 2))

    assert watched.found("deployment-replicas-mismatch") == [], "it was changed five minutes ago"
    assert watched.after(5).found("deployment-replicas-mismatch") == ["web"]


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_changes_nothing_of_what_was_a_minute_ago(hours: int) -> None:
    ended = {"terminated": {"exitCode": 1, "finishedAt": ago(1)}}
    watched = Watched().put(a_pod(state=CRASHING)).after(1).put(a_pod(version=2, last=ended)).after(1)
    by_ms = hours * 60 * MINUTE_MS
    watched.now_ms += by_ms
    watched.matching.shift(by_ms, watched.now_ms)

    assert watched.matching.next_due_ms == watched.now_ms + 4 * MINUTE_MS
    assert watched.found("pod-crash-looping") == ["web-1"]
    watched.now_ms += 4 * MINUTE_MS
    assert watched.found("pod-crash-looping") == []


def test_a_clock_that_is_set_leaves_the_changes_of_a_node_as_long_ago_as_they_were() -> None:
    watched = Watched()
    for turn in range(4):
        watched.put(a_node(turn)).after(1)
    watched.now_ms -= 60 * MINUTE_MS
    watched.matching.shift(-60 * MINUTE_MS, watched.now_ms)

    assert watched.found("node-readiness-flapping") == ["a"]
    watched.now_ms += 12 * MINUTE_MS
    assert watched.found("node-readiness-flapping") == []


def test_what_is_kept_of_an_object_by_an_older_release_is_judged_as_far_as_it_goes() -> None:
    bare = a_resource(kind="Pod", health="degraded", reason="Unschedulable", workload="Job/x")
    nodes = [a_resource(kind="Node", health="degraded", uid=name, name=name) for name in "ab"]

    matches = (
        Watched().put(bare, *nodes, a_resource(kind="Deployment"), a_resource(kind="Gone")).seen().matches
    )

    assert {one.rule for one in matches} == {"pod-unschedulable"}


def test_when_something_ceased_to_hold_is_noted_even_of_what_was_never_found() -> None:
    rule = read(
        when=[
            {"held": [{"field": "container.state", "is": "waiting"}], "within": "5m"},
            {"field": "restarts", "more_than": "3"},
            {"field": "health", "is_not": "healthy"},
        ]
    )
    watched = (
        Watched(rules={rule.id: rule}).put(a_pod(state=CRASHING)).after(1).put(a_pod(version=2)).after(4)
    )
    ended = {"terminated": {"exitCode": 1, "finishedAt": ago(-4)}}
    watched.put(a_pod(version=3, restarts=4, last=ended))

    assert watched.found("pod-odd") == ["web-1"]
    assert watched.after(1).found("pod-odd") == [], "it waited for the last time five minutes ago"
