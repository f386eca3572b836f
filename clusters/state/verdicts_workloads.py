"""The verdicts of StatefulSets, DaemonSets and ReplicaSets, and of namespaces."""

from typing import NamedTuple

from msgspec import structs

from clusters.state.ages import MINUTE_MS, moment_ms
from clusters.state.objects import Conditions, Metadata, condition, holds
from clusters.state.resource import CRITICAL, DEGRADED, PENDING, Turn, Verdict
from clusters.state.verdicts import PATIENCE_MS, healthy, motion, terminating, transition_ms

FIRST_START_MS = 10 * MINUTE_MS
"""How long a new workload may have nothing available: it has no roll-out of its own to tell by."""
NAMESPACE_SLACK_MS = 5 * MINUTE_MS


class SetFacts(NamedTuple):
    """What a StatefulSet or DaemonSet wants and has."""

    wanted: int
    available: int
    is_observed: bool
    is_updating: bool
    waits_for_deletion: bool = False
    """There is a newer revision, but only who deletes pods gets it (OnDelete)."""
    misscheduled: int = 0
    nothing_wanted: str = "ScaledToZero"


def set_verdict(metadata: Metadata, facts: SetFacts, now_ms: int) -> Verdict:
    """How a StatefulSet or DaemonSet is."""
    if metadata.deletion_timestamp is not None:
        return terminating(metadata, now_ms, PATIENCE_MS)
    if facts.wanted == 0:
        return healthy(facts.nothing_wanted)
    if facts.available == 0:
        return _none_available(metadata, now_ms)
    if not facts.is_observed:
        return _patience("SpecNotObserved", "SpecNotObserved", now_ms)
    if facts.is_updating:
        return _patience("RollingOut", "RolloutStuck", now_ms)
    return _settled(facts, now_ms)


def replica_set_verdict(
    metadata: Metadata, *, wanted: int, ready: int, conditions: Conditions, now_ms: int
) -> Verdict:
    """How a ReplicaSet is. One of a Deployment leaves it to the Deployment whether pods are missing."""
    if metadata.deletion_timestamp is not None:
        return terminating(metadata, now_ms, PATIENCE_MS)
    if holds(conditions, "ReplicaFailure"):
        return Verdict(DEGRADED, "ReplicaFailure", transition_ms(condition(conditions, "ReplicaFailure")))
    if wanted == 0:
        return healthy("ScaledToZero")
    if ready >= wanted:
        return healthy()
    if any(owner.controller for owner in metadata.owner_references or ()):
        return Verdict(PENDING, "PartlyReady", None)
    return (
        _none_available(metadata, now_ms) if ready == 0 else _patience("PartlyReady", "PartlyReady", now_ms)
    )


def namespace_verdict(metadata: Metadata, phase: str, conditions: Conditions, now_ms: int) -> Verdict:
    """How a namespace is; one that is stuck in going away names what holds it."""
    if metadata.deletion_timestamp is None and phase != "Terminating":
        return healthy()
    verdict = terminating(metadata, now_ms, NAMESPACE_SLACK_MS)
    if verdict.health != DEGRADED:
        return verdict
    held_by = next((one.type for one in conditions or () if one.status == "True"), verdict.reason)
    return structs.replace(verdict, reason=held_by)


def _none_available(metadata: Metadata, now_ms: int) -> Verdict:
    created_ms = moment_ms(metadata.creation_timestamp) or 0
    if created_ms + FIRST_START_MS <= now_ms:
        return Verdict(CRITICAL, "NoneAvailable", None)
    due = Turn(created_ms + FIRST_START_MS, CRITICAL, "NoneAvailable")
    return motion("Starting", created_ms, due, now_ms)


def _settled(facts: SetFacts, now_ms: int) -> Verdict:
    if facts.available < facts.wanted:
        return _patience("PartlyAvailable", "PartlyAvailable", now_ms)
    if facts.misscheduled > 0:
        return _patience("Misscheduled", "Misscheduled", now_ms)
    if facts.waits_for_deletion:
        return Verdict(DEGRADED, "UpdateWaitsForDeletion", None)
    return healthy()


def _patience(reason: str, stuck: str, now_ms: int) -> Verdict:
    """The object does not say since when: the moment of judging starts the wait, and any change anew."""
    return motion(reason, None, Turn(now_ms + PATIENCE_MS, DEGRADED, stuck), now_ms)
