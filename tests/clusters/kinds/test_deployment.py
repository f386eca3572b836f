"""Deployments: rolling out, short of pods, down."""

from typing import Any

import pytest

from clusters.kinds.picture import resource_picture
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHY, PENDING, SILENCED, turned
from tests.clusters.kinds.objects import MINUTE_MS, NOW_MS, a_condition, ago, an_object

DONE = a_condition("Progressing", "True", reason="NewReplicaSetAvailable")
UP = a_condition("Available", "True", 50)
DOWN = a_condition("Available", "False", 3, reason="MinimumReplicasUnavailable", message="too few")


def rolling(minutes: float = 2) -> dict[str, Any]:
    """A roll-out that last moved so many minutes ago."""
    return a_condition(
        "Progressing", "True", minutes, reason="ReplicaSetUpdated", lastUpdateTime=ago(minutes)
    )


def a_deployment(
    *conditions: dict[str, Any], counts: tuple[int, int, int, int] = (3, 3, 3, 3), wanted: int = 3,
    revision: str = "4", metadata: dict[str, Any] | None = None, **spec: Any,
) -> Any:  # fmt: skip
    """A Deployment of three; `counts` are replicas, updated, ready, available."""
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    status = {
        "observedGeneration": 1,
        "conditions": list(conditions),
        **dict(zip(names, counts, strict=True)),
    }
    annotations = {"deployment.kubernetes.io/revision": revision}
    spec = {"replicas": wanted, "progressDeadlineSeconds": 600, **spec}
    return an_object("Deployment", {"annotations": annotations, **(metadata or {})}, spec=spec, status=status)


def test_one_that_has_what_it_wants_is_healthy_since_it_is_available() -> None:
    one = a_deployment(DONE, UP)

    assert (one.health, one.reason, one.since_ms, one.turns) == (HEALTHY, "", NOW_MS - 50 * MINUTE_MS, ())


def test_one_with_nothing_available_is_critical_since_then() -> None:
    one = a_deployment(DONE, DOWN, counts=(3, 3, 0, 0))

    assert (one.health, one.reason, one.since_ms) == (CRITICAL, "NoneAvailable", NOW_MS - 3 * MINUTE_MS)
    assert one.message == "too few"


def test_one_that_starts_for_the_first_time_is_in_motion() -> None:
    one = a_deployment(rolling(), DOWN, counts=(3, 3, 0, 0), revision="1")

    assert (one.health, one.reason) == (PENDING, "RollingOut")
    assert turned(one, NOW_MS + 20 * MINUTE_MS).health == CRITICAL


def test_one_that_was_made_just_now_is_in_motion_though_nothing_is_said_of_it() -> None:
    one = an_object("Deployment", {"creationTimestamp": ago(1)}, spec={"replicas": 2})

    assert (one.health, one.reason) == (PENDING, "Starting")
    assert turned(one, NOW_MS + 14 * MINUTE_MS).health == CRITICAL


def test_a_later_roll_out_that_leaves_nothing_is_critical_unless_it_recreates() -> None:
    down = a_deployment(rolling(), DOWN, counts=(3, 3, 0, 0))
    recreated = a_deployment(rolling(), DOWN, counts=(3, 3, 0, 0), strategy={"type": "Recreate"})

    assert down.health == CRITICAL
    assert recreated.health == PENDING


def test_a_first_start_over_its_deadline_is_critical() -> None:
    late = a_condition("Progressing", "False", 1, reason="ProgressDeadlineExceeded", message="timed out")
    one = a_deployment(late, DOWN, counts=(3, 3, 0, 0), revision="1")

    assert (one.health, one.reason, one.message) == (CRITICAL, "ProgressDeadlineExceeded", "timed out")


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (
            [a_condition("Progressing", "False", reason="ProgressDeadlineExceeded"), UP],
            "ProgressDeadlineExceeded",
        ),
        ([DONE, UP, a_condition("ReplicaFailure", "True", reason="FailedCreate")], "ReplicaFailure"),
        ([DONE, DOWN], "MinimumReplicasUnavailable"),
    ],
)
def test_what_its_controller_calls_a_fault_is_one_at_once(conditions: list[Any], reason: str) -> None:
    one = a_deployment(*conditions, counts=(3, 3, 1, 1))

    assert (one.health, one.reason) == (DEGRADED, reason)


def test_a_roll_out_is_in_motion_until_it_is_stuck() -> None:
    one = a_deployment(rolling(), UP, counts=(4, 2, 3, 3))

    assert (one.health, one.reason) == (PENDING, "RollingOut")
    assert turned(one, NOW_MS + 12 * MINUTE_MS).health == PENDING
    assert turned(one, NOW_MS + 14 * MINUTE_MS).reason == "RolloutStuck"


def test_its_own_deadline_wins_over_ours() -> None:
    one = a_deployment(rolling(), UP, counts=(4, 2, 3, 3), progressDeadlineSeconds=3600)

    assert turned(one, NOW_MS + 50 * MINUTE_MS).health == PENDING


def test_one_that_is_short_of_pods_is_a_fault_after_fifteen_minutes() -> None:
    one = a_deployment(DONE, UP, counts=(3, 3, 2, 2))

    assert (one.health, one.reason, one.since_ms) == (PENDING, "PartlyAvailable", None)
    assert turned(one, NOW_MS + 15 * MINUTE_MS - 1).health == PENDING
    assert turned(one, NOW_MS + 15 * MINUTE_MS).health == DEGRADED


def test_paused_is_silenced_but_not_when_nothing_is_left() -> None:
    assert a_deployment(DONE, UP, paused=True).health == SILENCED
    assert a_deployment(DONE, DOWN, counts=(3, 3, 0, 0), paused=True).health == CRITICAL


def test_none_wanted_is_healthy_once_none_is_left() -> None:
    assert a_deployment(DONE, UP, wanted=0, counts=(2, 2, 2, 2)).health == PENDING
    gone = a_deployment(DONE, UP, wanted=0, counts=(0, 0, 0, 0))
    assert (gone.health, gone.reason) == (HEALTHY, "ScaledToZero")


def test_a_spec_that_nobody_looks_at_is_a_fault_after_a_while() -> None:
    one = a_deployment(DONE, UP, metadata={"generation": 2})

    assert (one.health, one.reason) == (PENDING, "SpecNotObserved")
    assert turned(one, NOW_MS + 15 * MINUTE_MS).health == DEGRADED


def test_the_picture_counts_replicas() -> None:
    picture = resource_picture(a_deployment(DONE, UP, counts=(3, 2, 3, 1)), now_ms=NOW_MS)

    assert picture["replicas"] == {"wanted": 3, "current": 3, "ready": 3, "updated": 2, "available": 1}


@pytest.mark.parametrize(("status", "is_progressing"), [("True", True), ("False", False), ("Unknown", None)])
def test_what_the_controller_says_of_the_roll_out_is_kept(status: str, is_progressing: bool | None) -> None:
    deployment = a_deployment(a_condition("Progressing", status), UP, metadata={"generation": 3})

    assert deployment.is_progressing is is_progressing
    assert (deployment.generation, deployment.observed_generation) == (3, 1)
