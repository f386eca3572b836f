"""The verdict of a pod."""

from functools import lru_cache

from msgspec import Struct

from clusters.state.ages import HOUR_MS, MINUTE_MS, SECOND_MS, moment_ms
from clusters.state.objects import Condition, condition
from clusters.state.pod_status import Printed, last_finished_ms, terminated_word
from clusters.state.pods import FAILED, SUCCEEDED, ContainerStatus, PodMetadata, PodStatus, Terminated
from clusters.state.resource import DEGRADED, HEALTHY, SILENCED, Turn, Verdict
from clusters.state.texts import reason_word
from clusters.state.verdicts import healthy, motion, terminating, transition_ms

START_LIMIT_MS = 5 * MINUTE_MS
"""How long a pod may take to start before that is a fault."""
UNREADY_LIMIT_MS = 10 * MINUTE_MS
"""How long a running pod may not be ready."""
SCHEDULING_LIMIT_MS = 15 * SECOND_MS
"""How long the scheduler may find no node."""
RECENT_MS = HOUR_MS
"""How long a restart, or a pod put off its node, is held against it."""

_STARTING = frozenset({"ContainerCreating", "PodInitializing", ""})
_PUT_OFF = frozenset(
    {"Evicted", "NodeLost", "NodeAffinity", "Shutdown", "Terminated", "Preempting", "NodeShutdown"}
)
"""The node gave the pod up and its controller makes another: what is left says little after a while."""


class Worst(Struct, frozen=True, gc=False):
    """The container that says most about a pod in trouble, and why it is that one."""

    status: ContainerStatus
    reason: str


def worst_container(status: PodStatus) -> Worst | None:
    """The first that cannot start, else the first that failed, else the one restarted last."""
    restarted: Worst | None = None
    restarted_at_ms = -1
    failed: Worst | None = None
    statuses = status.container_statuses or ()
    if status.init_container_statuses:
        statuses = (*status.init_container_statuses, *statuses)
    for one in statuses:
        if _runs_since_its_start(one):
            continue
        reason = _waiting_fault(one)
        if reason:
            return Worst(one, reason)
        if failed is None and (ended := _failure(one)) is not None:
            failed = Worst(one, terminated_word(ended))
        at_ms = last_finished_ms(one) if one.last_state else None
        if at_ms is not None and at_ms > restarted_at_ms:
            restarted, restarted_at_ms = Worst(one, _restart_reason(one)), at_ms
    return failed or restarted


def pod_verdict(
    metadata: PodMetadata, status: PodStatus, printed: Printed, worst: Worst | None, now_ms: int
) -> Verdict:
    """How the pod is, from what its printed status and its worst container say."""
    phase = status.phase
    if phase == SUCCEEDED:
        return healthy("Completed", _ended_ms(status))
    if phase == FAILED:
        return _failed(metadata, status, printed, now_ms)
    if metadata.deletion_timestamp is not None:
        return terminating(metadata, now_ms)
    if worst is not None and (fault := _fault(worst)) is not None:
        return fault
    if phase == "Running":
        return _running(metadata, status, printed, worst, now_ms)
    return _starting(metadata, status, printed, now_ms)


def _failed(metadata: PodMetadata, status: PodStatus, printed: Printed, now_ms: int) -> Verdict:
    """A failed pod of a Job is the Job's business, which tries again or fails itself."""
    since_ms = _ended_ms(status)
    owners = metadata.owner_references or ()
    if any(owner.controller and owner.kind == "Job" for owner in owners):
        return healthy(printed.status, since_ms)
    if status.reason not in _PUT_OFF:
        return Verdict(DEGRADED, printed.status, since_ms)
    reason = reason_word(status.reason)
    base_ms = since_ms or moment_ms(status.start_time) or moment_ms(metadata.creation_timestamp) or 0
    due_ms = base_ms + RECENT_MS
    if due_ms <= now_ms:
        return healthy(reason, since_ms)
    return Verdict(DEGRADED, reason, since_ms, (Turn(due_ms, HEALTHY, reason),))


def _fault(worst: Worst) -> Verdict | None:
    """A container that cannot start, or has just failed and waits to be started again."""
    if not _waiting_fault(worst.status) and _failure(worst.status) is None:
        return None
    ended = _failure(worst.status)
    since_ms = moment_ms(ended.finished_at) if ended else last_finished_ms(worst.status)
    return Verdict(DEGRADED, worst.reason, since_ms)


def _starting(metadata: PodMetadata, status: PodStatus, printed: Printed, now_ms: int) -> Verdict:
    created_ms = moment_ms(metadata.creation_timestamp)
    if status.phase == "Unknown" or printed.status == "Unknown":
        return Verdict(DEGRADED, "Unknown", transition_ms(condition(status.conditions, "Ready")))
    if printed.status == "SchedulingGated":
        return Verdict(SILENCED, "SchedulingGated", created_ms)
    scheduled = condition(status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        return _unscheduled(scheduled, created_ms, now_ms)
    base_ms = transition_ms(scheduled) or created_ms or now_ms
    turn = Turn(base_ms + START_LIMIT_MS, DEGRADED, printed.status)
    return motion(printed.status, base_ms, turn, now_ms)


def _unscheduled(scheduled: Condition, created_ms: int | None, now_ms: int) -> Verdict:
    base_ms = transition_ms(scheduled) or created_ms or now_ms
    reason = reason_word(scheduled.reason) or "Unschedulable"
    return motion(reason, base_ms, Turn(base_ms + SCHEDULING_LIMIT_MS, DEGRADED, reason), now_ms)


def _running(
    metadata: PodMetadata, status: PodStatus, printed: Printed, worst: Worst | None, now_ms: int
) -> Verdict:
    ready = condition(status.conditions, "Ready")
    is_ready = ready.status == "True" if ready is not None else printed.ready >= printed.total
    if not is_ready and not _has_done_its_part(status):
        created_ms = moment_ms(metadata.creation_timestamp)
        base_ms = transition_ms(ready) or created_ms or now_ms
        return motion("NotReady", base_ms, Turn(base_ms + UNREADY_LIMIT_MS, DEGRADED, "NotReady"), now_ms)
    recent = _restarted_recently(worst, now_ms)
    return recent or healthy("", transition_ms(ready))


def _has_done_its_part(status: PodStatus) -> bool:
    """A pod with a container that ended well is not ready for good; that is so by design."""
    statuses = status.container_statuses or ()
    return any(_ended_well(one) for one in statuses) and all(
        one.ready or _ended_well(one) for one in statuses
    )


def _restarted_recently(worst: Worst | None, now_ms: int) -> Verdict | None:
    if worst is None:
        return None
    at_ms = last_finished_ms(worst.status)
    if at_ms is None or at_ms + RECENT_MS <= now_ms:
        return None
    return Verdict(DEGRADED, worst.reason, at_ms, _well_from(at_ms + RECENT_MS))


@lru_cache(maxsize=4096)
def _well_from(at_ms: int) -> tuple[Turn, ...]:
    """Shared by all whose containers ended in the same second (the kubelet tells no more): 140 bytes each."""
    return (Turn(at_ms, HEALTHY, ""),)


def _runs_since_its_start(one: ContainerStatus) -> bool:
    """So it is with nearly all, and then there is nothing to say."""
    last = one.last_state
    return (
        one.state is not None and one.state.running is not None and (last is None or last.terminated is None)
    )


def _waiting_fault(one: ContainerStatus) -> str:
    """The reason why it cannot start; empty where it can."""
    waiting = one.state.waiting if one.state else None
    reason = (waiting.reason or "") if waiting else ""
    return "" if reason in _STARTING else reason


def _failure(one: ContainerStatus) -> Terminated | None:
    ended = one.state.terminated if one.state else None
    return ended if ended is not None and ended.exit_code else None


def _ended_well(one: ContainerStatus) -> bool:
    ended = one.state.terminated if one.state else None
    return ended is not None and not ended.exit_code


def _restart_reason(one: ContainerStatus) -> str:
    ended = one.last_state.terminated if one.last_state else None
    return "OOMKilled" if ended is not None and ended.reason == "OOMKilled" else "Restarted"


def _ended_ms(status: PodStatus) -> int | None:
    """When the last container ended; where none says so, when the pod stopped being ready."""
    ends = [
        at_ms
        for one in status.container_statuses or ()
        if one.state and one.state.terminated
        and (at_ms := moment_ms(one.state.terminated.finished_at)) is not None
    ]  # fmt: skip
    return max(ends) if ends else transition_ms(condition(status.conditions, "Ready"))
