"""Jobs and CronJobs."""

from typing import Any

import pytest

from clusters.kinds.picture import resource_picture
from clusters.state.resource import DEGRADED, HEALTHY, PENDING, SILENCED, turned
from tests.clusters.kinds.objects import MINUTE_MS, NOW_MS, a_condition, ago, an_object
from tests.clusters.kinds.printing import cells

HOUR_MS = 60 * MINUTE_MS


def a_job(
    *conditions: Any, metadata: dict[str, Any] | None = None, started: float | None = 30, **spec: Any
) -> Any:
    """A Job that wants one completion and was started half an hour ago."""
    status = {"conditions": list(conditions), "startTime": None if started is None else ago(started)}
    return an_object("Job", metadata, spec={"completions": 1, "parallelism": 1, **spec}, status=status)


def a_cron_job(schedule: str = "0 * * * *", *, made: float = 24 * 60, spec: Any = None, **status: Any) -> Any:
    """A CronJob that is due each hour; it is ten o'clock."""
    metadata = {"creationTimestamp": ago(made)}
    return an_object("CronJob", metadata, spec={"schedule": schedule, **(spec or {})}, status=status)


def test_a_running_job_is_in_motion_for_twelve_hours() -> None:
    one = a_job()

    assert (one.health, one.reason, one.status) == (PENDING, "Running", "Running")
    assert one.since_ms == NOW_MS - 30 * MINUTE_MS
    late = turned(one, NOW_MS + 12 * HOUR_MS)
    assert (late.health, late.reason) == (DEGRADED, "RunsTooLong")


def test_a_complete_job_is_healthy() -> None:
    one = a_job(a_condition("SuccessCriteriaMet", "True"), a_condition("Complete", "True", 7))

    assert (one.health, one.reason, one.status) == (HEALTHY, "Complete", "Complete")
    assert one.since_ms == NOW_MS - 7 * MINUTE_MS


def test_a_failed_job_says_why() -> None:
    failed = a_condition("Failed", "True", 7, reason="BackoffLimitExceeded", message="reached the limit")
    one = a_job(failed)

    assert (one.health, one.reason, one.status) == (DEGRADED, "BackoffLimitExceeded", "Failed")
    assert resource_picture(one, now_ms=NOW_MS)["message"] == "reached the limit"


def test_a_suspended_job_is_silenced() -> None:
    one = a_job(a_condition("Suspended", "True"), suspend=True, started=None)

    assert (one.health, one.reason, one.status) == (SILENCED, "Suspended", "Suspended")


def test_a_job_that_nobody_starts_is_a_fault_after_a_while() -> None:
    one = a_job(started=None, metadata={"creationTimestamp": ago(1)})

    assert one.health == PENDING
    assert turned(one, NOW_MS + 14 * MINUTE_MS).reason == "NotStarted"


def test_a_job_belongs_to_its_cron_job() -> None:
    owner = [{"kind": "CronJob", "name": "nightly", "controller": True}]

    assert a_job(metadata={"ownerReferences": owner}).workload == "CronJob/nightly"


@pytest.mark.parametrize(
    ("spec", "printed"),
    [({"completions": 5}, "0/5"), ({"completions": None, "parallelism": 3}, "0/1 of 3"),
     ({"completions": None}, "0/1")],
)  # fmt: skip
def test_completions_are_printed_as_kubectl_does(spec: dict[str, Any], printed: str) -> None:
    assert cells("Job", a_job(**spec), NOW_MS)[2] == printed


def test_a_cron_job_that_ran_when_it_should_is_healthy() -> None:
    one = a_cron_job(lastScheduleTime=ago(60), lastSuccessfulTime=ago(58))

    assert one.health == HEALTHY


def test_a_cron_job_that_missed_two_periods_is_a_fault() -> None:
    one = a_cron_job(lastScheduleTime=ago(60), lastSuccessfulTime=ago(58))

    # Due at ten, eleven and twelve: at twelve two whole periods have passed since the first.
    assert turned(one, NOW_MS + 2 * HOUR_MS).health == HEALTHY
    late = turned(one, NOW_MS + 2 * HOUR_MS + 2 * MINUTE_MS)
    assert (late.health, late.reason) == (DEGRADED, "NoRecentSuccess")
    never = a_cron_job()
    assert (never.health, never.reason) == (DEGRADED, "NoRecentSuccess")


def test_a_cron_job_whose_jobs_fail_is_a_fault_though_they_are_started() -> None:
    one = a_cron_job(lastScheduleTime=ago(0), lastSuccessfulTime=ago(5 * 60))

    assert (one.health, one.reason) == (DEGRADED, "NoRecentSuccess")


def test_a_cron_job_that_starts_nothing_is_a_fault() -> None:
    one = a_cron_job(lastScheduleTime=ago(6 * 60), lastSuccessfulTime=ago(60))

    assert (one.health, one.reason) == (DEGRADED, "NotScheduled")


def test_a_new_cron_job_and_a_running_one_are_healthy() -> None:
    assert a_cron_job(made=90).health == HEALTHY
    running = a_cron_job(active=[{"name": "nightly-1"}])
    assert (running.health, running.reason, running.active) == (HEALTHY, "Running", 1)


def test_a_suspended_cron_job_is_silenced() -> None:
    assert a_cron_job(spec={"suspend": True}).health == SILENCED


def test_a_schedule_that_cannot_be_understood_judges_nobody() -> None:
    one = a_cron_job("every full moon")

    assert (one.health, one.turns) == (HEALTHY, ())
