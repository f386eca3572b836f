"""The verdict of a Deployment."""

from typing import NamedTuple

from clusters.state.ages import MINUTE_MS, SECOND_MS, moment_ms
from clusters.state.objects import Condition, Conditions, Metadata, condition, holds
from clusters.state.resource import CRITICAL, DEGRADED, PENDING, SILENCED, Turn, Verdict
from clusters.state.verdicts import PATIENCE_MS, healthy, motion, terminating, transition_ms

NO_DEADLINE = 2**31 - 1
_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
_MOVING = frozenset({"NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"})


class Rollout(NamedTuple):
    """What a Deployment wants and has."""

    wanted: int
    replicas: int
    updated: int
    ready: int
    available: int
    is_paused: bool
    is_observed: bool
    """The controller has seen the present spec."""
    is_first: bool
    """Nothing was rolled out before."""
    recreates: bool
    """Its strategy stops all old pods before it starts new ones."""
    deadline_ms: int


def deployment_verdict(metadata: Metadata, rollout: Rollout, conditions: Conditions, now_ms: int) -> Verdict:
    """How the Deployment is. What hurts is said before what moves."""
    if metadata.deletion_timestamp is not None:
        return terminating(metadata, now_ms, PATIENCE_MS)
    progressing = condition(conditions, "Progressing")
    if rollout.wanted == 0:
        return _scaled_to_zero(rollout)
    if rollout.available == 0:
        return _unavailable(metadata, rollout, conditions, now_ms)
    if (fault := _fault(progressing, conditions)) is not None:
        return fault
    if rollout.is_paused:
        return Verdict(SILENCED, "Paused", transition_ms(progressing))
    return _moving(rollout, progressing, now_ms) or _short(rollout, conditions, now_ms)


def _scaled_to_zero(rollout: Rollout) -> Verdict:
    if rollout.replicas:
        return Verdict(PENDING, "ScalingDown", None)
    return Verdict(SILENCED, "Paused", None) if rollout.is_paused else healthy("ScaledToZero")


def _unavailable(metadata: Metadata, rollout: Rollout, conditions: Conditions, now_ms: int) -> Verdict:
    """Nothing answers: critical, unless it is starting for the first time or stopping to start anew."""
    created_ms = moment_ms(metadata.creation_timestamp) or now_ms
    progressing = condition(conditions, "Progressing")
    if progressing is None and (rollout.is_first or not rollout.is_observed):
        due = Turn(created_ms + PATIENCE_MS, CRITICAL, "NoneAvailable")
        return _failed_to_create(conditions) or motion("Starting", created_ms, due, now_ms)
    is_moving = progressing is not None and progressing.status == "True" and progressing.reason in _MOVING
    if progressing is not None and is_moving and (rollout.is_first or rollout.recreates):
        return _failed_to_create(conditions) or _rolling(rollout, progressing, now_ms, CRITICAL)
    if progressing is not None and progressing.reason == _DEADLINE_EXCEEDED:
        return Verdict(CRITICAL, _DEADLINE_EXCEEDED, transition_ms(progressing))
    return Verdict(CRITICAL, "NoneAvailable", transition_ms(condition(conditions, "Available")))


def _fault(progressing: Condition | None, conditions: Conditions) -> Verdict | None:
    if progressing is not None and progressing.reason == _DEADLINE_EXCEEDED:
        return Verdict(DEGRADED, _DEADLINE_EXCEEDED, transition_ms(progressing))
    if (failed := _failed_to_create(conditions)) is not None:
        return failed
    available = condition(conditions, "Available")
    if available is not None and available.status == "False":
        return Verdict(DEGRADED, available.reason or "NotAvailable", transition_ms(available))
    return None


def _failed_to_create(conditions: Conditions) -> Verdict | None:
    if not holds(conditions, "ReplicaFailure"):
        return None
    failure = condition(conditions, "ReplicaFailure")
    return Verdict(DEGRADED, "ReplicaFailure", transition_ms(failure))


def _moving(rollout: Rollout, progressing: Condition | None, now_ms: int) -> Verdict | None:
    if not rollout.is_observed:
        turn = Turn(now_ms + PATIENCE_MS, DEGRADED, "SpecNotObserved")
        return motion("SpecNotObserved", None, turn, now_ms)
    is_done = rollout.updated >= rollout.wanted and rollout.replicas <= rollout.updated
    if is_done and (progressing is None or progressing.reason not in _MOVING):
        return None
    return _rolling(rollout, progressing, now_ms, DEGRADED)


def _rolling(rollout: Rollout, progressing: Condition | None, now_ms: int, stuck: str) -> Verdict:
    """The controller sets its own deadline's condition; ours is for when it has none, or has stopped."""
    moved_ms = moment_ms(progressing.last_update_time) if progressing is not None else None
    base_ms = moved_ms or transition_ms(progressing) or now_ms
    limit_ms = rollout.deadline_ms + MINUTE_MS if rollout.deadline_ms else PATIENCE_MS
    turn = Turn(base_ms + max(limit_ms, PATIENCE_MS), stuck, "RolloutStuck")
    return motion("RollingOut", transition_ms(progressing) if rollout.is_first else None, turn, now_ms)


def _short(rollout: Rollout, conditions: Conditions, now_ms: int) -> Verdict:
    if rollout.available < rollout.wanted:
        due = Turn(now_ms + PATIENCE_MS, DEGRADED, "PartlyAvailable")
        return motion("PartlyAvailable", None, due, now_ms)
    return healthy("", transition_ms(condition(conditions, "Available")))


def deadline_ms(seconds: int | None) -> int:
    """A Deployment's own deadline; 0 where it has none."""
    return 0 if seconds is None or not 0 < seconds < NO_DEADLINE else seconds * SECOND_MS
