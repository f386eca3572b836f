"""StatefulSets, DaemonSets, ReplicaSets and namespaces."""

from typing import Any

import pytest

from clusters.kinds.picture import resource_picture
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHY, PENDING, turned
from tests.clusters.kinds.objects import MINUTE_MS, NOW_MS, a_condition, ago, an_object

QUARTER_MS = 15 * MINUTE_MS


def a_stateful_set(
    ready: int, *, metadata: dict[str, Any] | None = None, spec: Any = None, **status: Any
) -> Any:
    """A StatefulSet of three."""
    whole = {
        "observedGeneration": 1, "replicas": 3, "readyReplicas": ready, "availableReplicas": ready,
        "updatedReplicas": 3, "currentRevision": "a", "updateRevision": "a", **status,
    }  # fmt: skip
    return an_object("StatefulSet", metadata, spec={"replicas": 3, **(spec or {})}, status=whole)


def a_daemon_set(
    available: int, *, metadata: dict[str, Any] | None = None, spec: Any = None, **status: Any
) -> Any:
    """A DaemonSet that fits four nodes."""
    whole = {
        "observedGeneration": 1, "desiredNumberScheduled": 4, "currentNumberScheduled": 4,
        "numberReady": available, "numberAvailable": available, "updatedNumberScheduled": 4, **status,
    }  # fmt: skip
    return an_object("DaemonSet", metadata, spec=spec or {}, status=whole)


def a_replica_set(ready: int, *conditions: Any, wanted: int = 2, owner: str = "Deployment") -> Any:
    """A ReplicaSet of two."""
    owners = [{"kind": owner, "name": "web", "controller": True}] if owner else None
    status = {"replicas": wanted, "readyReplicas": ready, "conditions": list(conditions)}
    return an_object("ReplicaSet", {"ownerReferences": owners}, spec={"replicas": wanted}, status=status)


@pytest.mark.parametrize("make", [a_stateful_set, a_daemon_set])
def test_a_set_without_any_pod_is_critical_but_for_its_first_ten_minutes(make: Any) -> None:
    old, new = make(0), make(0, metadata={"creationTimestamp": ago(1)})

    assert (old.health, old.reason) == (CRITICAL, "NoneAvailable")
    assert (new.health, new.reason) == (PENDING, "Starting")
    assert turned(new, NOW_MS + 9 * MINUTE_MS).health == CRITICAL


@pytest.mark.parametrize("make", [a_stateful_set, a_daemon_set])
def test_a_set_that_is_short_of_pods_is_a_fault_after_fifteen_minutes(make: Any) -> None:
    one = make(2)

    assert (one.health, one.reason) == (PENDING, "PartlyAvailable")
    assert turned(one, NOW_MS + QUARTER_MS - 1).health == PENDING
    assert turned(one, NOW_MS + QUARTER_MS).health == DEGRADED


def test_sets_that_have_all_are_healthy() -> None:
    assert a_stateful_set(3).health == HEALTHY
    assert a_daemon_set(4).health == HEALTHY


def test_sets_that_want_nothing_are_healthy_and_say_why() -> None:
    scaled = a_stateful_set(0, spec={"replicas": 0})
    nowhere = a_daemon_set(0, desiredNumberScheduled=0)

    assert (scaled.health, scaled.reason) == (HEALTHY, "ScaledToZero")
    assert (nowhere.health, nowhere.reason) == (HEALTHY, "NoMatchingNodes")


@pytest.mark.parametrize(
    "one", [a_stateful_set(2, updateRevision="b"), a_daemon_set(3, updatedNumberScheduled=1)]
)
def test_a_roll_out_is_in_motion_until_it_is_stuck(one: Any) -> None:
    assert (one.health, one.reason) == (PENDING, "RollingOut")
    late = turned(one, NOW_MS + QUARTER_MS)
    assert (late.health, late.reason, late.since_ms) == (DEGRADED, "RolloutStuck", NOW_MS + QUARTER_MS)


def test_a_roll_out_that_only_deletion_moves_is_a_fault() -> None:
    on_delete = {"updateStrategy": {"type": "OnDelete"}}

    for one in (
        a_stateful_set(3, spec=on_delete, updateRevision="b"),
        a_daemon_set(4, spec=on_delete, updatedNumberScheduled=1),
    ):
        assert (one.health, one.reason) == (DEGRADED, "UpdateWaitsForDeletion")


def test_a_partition_keeps_old_pods_on_purpose() -> None:
    partition = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}

    assert a_stateful_set(3, spec=partition, updateRevision="b", updatedReplicas=1).health == HEALTHY
    assert a_stateful_set(3, spec=partition, updateRevision="b", updatedReplicas=0).health == PENDING


def test_pods_on_nodes_that_do_not_fit_are_a_fault_after_a_while() -> None:
    one = a_daemon_set(4, numberMisscheduled=1)

    assert (one.health, one.reason) == (PENDING, "Misscheduled")
    assert turned(one, NOW_MS + QUARTER_MS).health == DEGRADED


def test_a_set_that_its_controller_has_not_seen_is_in_motion() -> None:
    assert a_stateful_set(3, metadata={"generation": 2}).reason == "SpecNotObserved"


def test_a_replica_set_of_a_deployment_leaves_missing_pods_to_it() -> None:
    one = a_replica_set(0)

    assert (one.health, one.turns, one.workload) == (PENDING, (), "Deployment/web")
    assert a_replica_set(2).health == HEALTHY
    assert a_replica_set(0, wanted=0).reason == "ScaledToZero"


def test_a_replica_set_of_its_own_is_judged_like_any_workload() -> None:
    assert a_replica_set(0, owner="").health == CRITICAL
    assert turned(a_replica_set(1, owner=""), NOW_MS + QUARTER_MS).health == DEGRADED


def test_a_replica_set_that_cannot_make_pods_says_why() -> None:
    failed = a_condition("ReplicaFailure", "True", 4, reason="FailedCreate", message="exceeded quota")
    one = a_replica_set(1, failed)

    assert (one.health, one.reason, one.message) == (DEGRADED, "ReplicaFailure", "exceeded quota")
    assert one.since_ms == NOW_MS - 4 * MINUTE_MS


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"])
def test_what_is_going_away_is_in_motion_until_it_is_stuck(kind: str) -> None:
    one = an_object(kind, {"deletionTimestamp": ago(1)}, spec={}, status={})

    assert (one.health, one.reason) == (PENDING, "Terminating")
    assert turned(one, NOW_MS + QUARTER_MS).reason == "StuckTerminating"


def test_a_namespace_that_cannot_go_names_what_holds_it() -> None:
    held = a_condition("NamespaceFinalizersRemaining", "True", message="kubernetes.io/pvc in 1 resource")
    fine = an_object("Namespace", status={"phase": "Active"})
    going = an_object("Namespace", {"deletionTimestamp": ago(1)}, status={"phase": "Terminating"})
    stuck = an_object(
        "Namespace", {"deletionTimestamp": ago(9)}, status={"phase": "Terminating", "conditions": [held]}
    )

    assert (fine.health, fine.status) == (HEALTHY, "Active")
    assert (going.health, turned(going, NOW_MS + 4 * MINUTE_MS).health) == (PENDING, DEGRADED)
    assert (stuck.health, stuck.reason) == (DEGRADED, "NamespaceFinalizersRemaining")
    assert stuck.message == "kubernetes.io/pvc in 1 resource"


def test_the_pictures_count_replicas() -> None:
    assert resource_picture(a_stateful_set(1), now_ms=NOW_MS)["replicas"] == {
        "wanted": 3, "current": 3, "ready": 1, "updated": 3, "available": 1,
    }  # fmt: skip
    assert resource_picture(a_daemon_set(2, numberMisscheduled=1), now_ms=NOW_MS)["replicas"] == {
        "wanted": 4, "current": 4, "ready": 2, "updated": 4, "available": 2, "misscheduled": 1,
    }  # fmt: skip


def test_a_stateful_set_is_updating_until_its_partition() -> None:
    newer = {"updateRevision": "b", "updatedReplicas": 1}
    partition = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}

    assert a_stateful_set(3, **newer).is_updating
    assert not a_stateful_set(3, spec=partition, **newer).is_updating
    assert not a_stateful_set(3, spec={"updateStrategy": {"type": "OnDelete"}}, **newer).is_updating
    assert a_stateful_set(3, metadata={"generation": 2}).observed_generation == 1


def test_a_daemon_set_says_whether_only_deleted_pods_get_the_newer_revision() -> None:
    assert a_daemon_set(4, spec={"updateStrategy": {"type": "OnDelete"}}).is_on_delete
    assert not a_daemon_set(4).is_on_delete
