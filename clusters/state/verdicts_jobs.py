"""The verdicts of Jobs and CronJobs."""

from typing import NamedTuple

from clusters.state.ages import HOUR_MS, MINUTE_MS, moment_ms
from clusters.state.objects import Conditions, Metadata, condition, holds
from clusters.state.resource import DEGRADED, HEALTHY, SILENCED, Turn, Verdict
from clusters.state.schedules import firings_ms
from clusters.state.verdicts import PATIENCE_MS, healthy, motion, terminating, transition_ms

LONGEST_RUN_MS = 12 * HOUR_MS
"""A Job that runs longer has probably been forgotten."""
SCHEDULE_SLACK_MS = 2 * MINUTE_MS
"""The controller looks every ten seconds or so, and has its own clock."""


class CronFacts(NamedTuple):
    """What a CronJob's verdict is judged from."""

    schedule: str
    zone: str
    is_suspended: bool
    active: int
    scheduled_ms: int | None
    succeeded_ms: int | None


def job_verdict(
    metadata: Metadata, *, is_suspended: bool, started_ms: int | None, conditions: Conditions, now_ms: int
) -> Verdict:
    """How a Job is."""
    for type_ in ("Complete", "SuccessCriteriaMet"):
        if holds(conditions, type_):
            return healthy("Complete", transition_ms(condition(conditions, type_)))
    for type_ in ("Failed", "FailureTarget"):
        failed = condition(conditions, type_)
        if failed is not None and failed.status == "True":
            return Verdict(DEGRADED, failed.reason or "Failed", transition_ms(failed))
    if metadata.deletion_timestamp is not None:
        return terminating(metadata, now_ms, PATIENCE_MS)
    if is_suspended or holds(conditions, "Suspended"):
        return Verdict(SILENCED, "Suspended", transition_ms(condition(conditions, "Suspended")))
    if started_ms is None:
        created_ms = moment_ms(metadata.creation_timestamp) or now_ms
        return motion("Starting", created_ms, Turn(created_ms + PATIENCE_MS, DEGRADED, "NotStarted"), now_ms)
    return motion("Running", started_ms, Turn(started_ms + LONGEST_RUN_MS, DEGRADED, "RunsTooLong"), now_ms)


def cron_job_verdict(metadata: Metadata, facts: CronFacts, now_ms: int) -> Verdict:
    """How a CronJob is: whether it starts Jobs when it should, and whether they have succeeded lately.

    A run that is going on speaks for itself, as a Job.
    """
    if metadata.deletion_timestamp is not None:
        return terminating(metadata, now_ms, PATIENCE_MS)
    if facts.is_suspended:
        return Verdict(SILENCED, "Suspended", None)
    if facts.active:
        return healthy("Running", facts.scheduled_ms)
    created_ms = moment_ms(metadata.creation_timestamp)
    turns = sorted(_misses(facts, created_ms), key=lambda turn: (turn.at_ms, turn.health, turn.reason))
    due = [turn for turn in turns if turn.at_ms <= now_ms]
    if due:
        return Verdict(DEGRADED, due[0].reason, due[0].at_ms)
    return Verdict(HEALTHY, "", facts.succeeded_ms, tuple(turns[:1]))


def _misses(facts: CronFacts, created_ms: int | None) -> list[Turn]:
    """When it will have failed to start, and to succeed, for two whole periods."""
    watched = (("NotScheduled", facts.scheduled_ms), ("NoRecentSuccess", facts.succeeded_ms))
    misses = []
    for reason, last_ms in watched:
        base_ms = created_ms if last_ms is None else last_ms
        firings = () if base_ms is None else firings_ms(facts.schedule, facts.zone, base_ms, 3)
        if len(firings) == 3:
            # The first is due a period after the last; by the third, two more have passed.
            misses.append(Turn(firings[2] + SCHEDULE_SLACK_MS, DEGRADED, reason))
    return misses
