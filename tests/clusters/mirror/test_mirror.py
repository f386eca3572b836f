"""The trimmed copy of one cluster and its totals."""

from dataclasses import dataclass

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clusters.mirror.mirror import Mirror
from clusters.mirror.totals import Totals
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHS, HEALTHY, PENDING, Resource, Turn
from clusters.state.summary import KindState
from tests.resources import a_node, a_pod, a_resource


def a_mirror(*resources: Resource) -> Mirror:
    mirror = Mirror()
    for kind in ("Node", "Pod", "Deployment"):
        mirror.kinds[kind] = KindState("live")
        mirror.objects(kind)
    for resource in resources:
        mirror.put(resource, now_ms=5_000)
    return mirror


def test_an_object_is_a_change_when_it_is_new_and_when_it_differs() -> None:
    mirror, pod = a_mirror(), a_pod(version="1")

    assert mirror.put(pod, 1) is not None
    assert mirror.put(pod, 2) is None, "the same version again"
    assert mirror.put(msgspec.structs.replace(pod, version="2"), 3) is None, "nothing we keep is different"
    assert mirror.put(msgspec.structs.replace(pod, version="3", health=DEGRADED), 4) is not None


def test_an_object_that_changed_shares_its_uid_with_the_table() -> None:
    pod = a_pod(version="1")
    mirror = a_mirror(pod)
    again = msgspec.structs.replace(pod, version="2", node="node-2", uid="".join(list(pod.uid)))
    assert again.uid is not pod.uid

    mirror.put(again, 2)

    ((key, held),) = mirror.objects("Pod").items()
    assert held.version == "2"
    assert held.uid is key


def test_removing_is_a_change_once() -> None:
    pod = a_pod()
    mirror = a_mirror(pod)

    change = mirror.remove("Pod", pod.uid)

    assert change is not None and change.resource is None
    assert mirror.remove("Pod", pod.uid) is None


def test_a_whole_list_removes_what_is_not_in_it() -> None:
    kept, gone = a_pod("kept"), a_pod("gone")
    mirror = a_mirror(kept, gone)

    changes = mirror.remove_absent("Pod", {kept.uid})

    assert [change.uid for change in changes] == [gone.uid]
    assert mirror.summary().pods.total == 1


def test_since_stays_while_health_and_reason_stay() -> None:
    pod = a_pod(version="1", health=DEGRADED, reason="CrashLoopBackOff", since_ms=None)
    mirror = a_mirror()
    mirror.put(pod, now_ms=7_000)
    again = msgspec.structs.replace(pod, version="2", node="node-2")

    mirror.put(again, now_ms=9_000)

    assert mirror.objects("Pod")[pod.uid].since_ms == 7_000


def test_time_alone_turns_a_slow_start_into_trouble() -> None:
    pod = a_pod(health=PENDING, reason="Pending", turns=(Turn(60_000, DEGRADED, "slow_start"),))
    mirror = a_mirror(pod)

    assert mirror.next_turn_ms() == 60_000
    assert mirror.turn(59_999) == []
    changes = mirror.turn(60_000)

    assert [change.resource.health for change in changes if change.resource] == [DEGRADED]
    assert mirror.summary().pods.degraded == 1
    assert mirror.turn(61_000) == []


def test_a_turn_of_an_object_that_changed_before_is_forgotten() -> None:
    pod = a_pod(version="1", health=PENDING, turns=(Turn(60_000, DEGRADED, "slow_start"),))
    mirror = a_mirror(pod)
    mirror.put(msgspec.structs.replace(pod, version="2", health=HEALTHY, turns=()), 30_000)

    assert mirror.turn(90_000) == []
    assert mirror.summary().pods.healthy == 1


def test_requests_count_pods_on_a_node_that_are_not_finished() -> None:
    mirror = a_mirror(a_node(), a_pod("a"), a_pod("b", node=""), a_pod("c", is_finished=True))

    summary = mirror.summary()

    assert summary.cpu.requested_cores == 0.5
    assert summary.memory.requested_bytes == 1 << 30
    assert summary.cpu.allocatable_cores == 4.0


def test_usage_is_unknown_when_one_ready_node_does_not_report_it() -> None:
    mirror = a_mirror(a_node("a"), a_node("b"))
    mirror.set_node_usage({"a": (2.0, 1 << 30)}, at_ms=1, state=KindState("live"))

    assert mirror.summary().cpu.used_cores is None, "a missing value must not be summed as 0"

    mirror.set_node_usage({"a": (2.0, 1), "b": (1.0, 2)}, at_ms=2, state=KindState("live"))
    assert mirror.summary().cpu.used_cores == 3.0


def test_a_node_that_is_not_ready_is_left_out_of_usage() -> None:
    mirror = a_mirror(a_node("a"), a_node("lost", is_ready=False, health=CRITICAL))
    mirror.set_node_usage({"a": (2.0, 1 << 30)}, at_ms=1, state=KindState("live"))

    assert mirror.summary().cpu.used_cores == 2.0


def test_usage_follows_a_node_that_is_lost_after_it_was_read() -> None:
    b = a_node("b")
    mirror = a_mirror(a_node("a"), b)
    mirror.set_node_usage({"a": (2.0, 1), "b": (1.0, 2)}, at_ms=1, state=KindState("live"))
    assert mirror.summary().cpu.used_cores == 3.0

    lost = msgspec.structs.replace(b, is_ready=False, health=CRITICAL, version="later")
    mirror.put(lost, 2)

    assert (mirror.summary().cpu.used_cores, mirror.summary().memory.used_bytes) == (2.0, 1)


def test_what_was_never_listed_is_unknown_not_zero() -> None:
    mirror = Mirror()
    mirror.kinds["Pod"] = KindState("syncing")
    mirror.kinds["Node"] = KindState("syncing")

    summary = mirror.summary()

    assert summary.cpu.requested_cores is None
    assert summary.cpu.allocatable_cores is None


def test_what_may_not_be_read_or_fails_at_first_is_unknown_not_zero() -> None:
    for state in ("refused", "unread"):
        mirror = Mirror()
        mirror.kinds["Pod"] = KindState(state)

        assert mirror.summary().cpu.requested_cores is None


def test_the_node_strip_has_a_letter_a_node_in_order_of_name() -> None:
    mirror = a_mirror(a_node("b", health=CRITICAL), a_node("a"), a_node("c", health=PENDING))

    assert mirror.summary().node_strip == "hcp"


def test_the_pods_of_a_lost_node_are_the_nodes_row() -> None:
    mirror = a_mirror(
        a_node("lost", health=CRITICAL, reason="NotReady", is_ready=False),
        *(
            a_pod(f"p{i}", node="lost", health=DEGRADED, reason="NotReady", workload="Deployment/web")
            for i in range(50)
        ),
    )

    causes = mirror.summary().causes

    assert [(cause.kind, cause.name, cause.count) for cause in causes] == [("Node", "lost", 1)]


def test_workloads_that_only_a_lost_node_brought_down_are_the_nodes_row() -> None:
    mirror = a_mirror(
        a_node("lost", health=PENDING, reason="NotReady", is_ready=False),
        a_pod("p1", node="lost", workload="Deployment/web"),
        a_resource("Deployment", name="web", health=DEGRADED, reason="MinimumReplicasUnavailable"),
        a_resource("Deployment", name="api", health=DEGRADED, reason="RolloutStuck"),
    )

    causes = {(cause.kind, cause.name, cause.health) for cause in mirror.summary().causes}

    assert causes == {("Node", "lost", DEGRADED), ("Deployment", "api", DEGRADED)}


def test_a_node_that_is_down_for_a_moment_and_hurts_nothing_is_no_row() -> None:
    mirror = a_mirror(
        a_node("lost", health=PENDING, reason="NotReady", is_ready=False), a_pod("p1", node="lost")
    )

    assert mirror.summary().causes == []


def test_failing_pods_of_one_workload_are_one_row() -> None:
    mirror = a_mirror(
        a_resource("Deployment", name="api", health=CRITICAL, reason="none_available", since_ms=2_000),
        *(
            a_pod(
                f"p{i}",
                health=DEGRADED,
                reason="CrashLoopBackOff",
                workload="Deployment/api",
                since_ms=3_000 + i,
            )
            for i in range(41)
        ),
    )

    [cause] = mirror.summary().causes

    assert (cause.health, cause.reason, cause.name, cause.count) == (CRITICAL, "CrashLoopBackOff", "api", 41)
    assert cause.since_ms == 2_000


@dataclass
class Counted:
    """The plain way: count everything anew."""

    resources: dict[str, Resource]

    def by_health(self, kind: str) -> dict[str, int]:
        of_kind = [r for r in self.resources.values() if r.kind == kind]
        return {health: sum(r.health == health for r in of_kind) for health in HEALTHS}

    def requested_milli(self) -> int:
        return sum(
            round((r.cpu_cores or 0) * 1000)
            for r in self.resources.values()
            if r.kind == "Pod" and r.node and not r.is_finished  # type: ignore[attr-defined]
        )


pods = st.builds(
    lambda uid, health, node, cores, finished: a_pod(
        uid, uid=uid, health=health, node=node, cpu_cores=cores, is_finished=finished
    ),
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(HEALTHS),
    st.sampled_from(["", "n1", "n2"]),
    st.one_of(st.none(), st.floats(0, 64).map(lambda cores: round(cores, 3))),
    st.booleans(),
)
steps = st.lists(st.one_of(pods, st.sampled_from(["a", "b", "c", "d"])), max_size=40)


@given(steps)
def test_totals_kept_by_adding_equal_totals_counted_anew(steps: list[Resource | str]) -> None:
    mirror, model = a_mirror(), Counted({})
    for step in steps:
        if isinstance(step, str):
            mirror.remove("Pod", step)
            model.resources.pop(step, None)
        else:
            mirror.put(step, 1)
            model.resources[step.uid] = step

    totals: Totals = mirror.totals
    counts = mirror.summary().pods
    assert {health: getattr(counts, health) for health in HEALTHS} == model.by_health("Pod")
    assert counts.total == len(model.resources)
    assert totals.requested.milli == model.requested_milli()
    assert sum(entry.milli for entry in totals.requested_by_node.values()) == model.requested_milli()
