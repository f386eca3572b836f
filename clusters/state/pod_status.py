"""STATUS, READY and RESTARTS of a pod exactly as `kubectl get pods` prints them.

The order of the steps is that of the API server's own printer; tests hold it against 3,100 printed pods.
"""

from typing import NamedTuple

from msgspec import Struct

from clusters.state.ages import moment_ms
from clusters.state.objects import Conditions, holds
from clusters.state.pods import ContainerStatus, PodSpec, PodStatus, Terminated, is_finished, sidecar_names
from clusters.state.texts import reason_word


class Printed(Struct, frozen=True, gc=False):
    """The three columns, taken apart."""

    status: str
    ready: int
    total: int
    restarts: int
    restarted_at_ms: int | None


class _InitWalk(NamedTuple):
    """What the init containers say: `word` is empty where all have done their part."""

    word: str
    ready: int
    restarts: int
    restarted_at_ms: int | None
    sidecar_restarts: int
    sidecar_restarted_at_ms: int | None


_NO_INIT = _InitWalk("", 0, 0, None, 0, None)


def printed_status(spec: PodSpec, status: PodStatus, *, is_deleting: bool) -> Printed:
    """The columns of a pod."""
    sidecars = sidecar_names(spec)
    total = len(spec.containers or ()) + len(sidecars)
    word = _first_word(status)
    walk = _walk_init(spec, status, sidecars) if status.init_container_statuses else _NO_INIT
    ready, restarts, restarted_at_ms = walk.ready, walk.restarts, walk.restarted_at_ms
    if walk.word:
        word = walk.word
    if not walk.word or holds(status.conditions, "Initialized"):
        word, more_ready, more_restarts, last_ms = _walk_containers(word, status)
        ready += more_ready
        restarts = walk.sidecar_restarts + more_restarts
        restarted_at_ms = _later(walk.sidecar_restarted_at_ms, last_ms)
    if is_deleting:
        word = _deleting_word(word, status)
    return Printed(reason_word(word), min(ready, total), total, restarts, restarted_at_ms)


def terminated_word(ended: Terminated) -> str:
    """How a container ended, in a word."""
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _first_word(status: PodStatus) -> str:
    for one in status.conditions or ():
        if one.type == "PodScheduled" and one.reason == "SchedulingGated":
            return "SchedulingGated"
    return status.reason or status.phase or ""


def _walk_init(spec: PodSpec, status: PodStatus, sidecars: frozenset[str]) -> _InitWalk:
    """In order, until the first that is not finished."""
    ready = restarts = sidecar_restarts = 0
    at_ms: int | None = None
    sidecar_at_ms: int | None = None
    word = ""
    for index, one in enumerate(status.init_container_statuses or ()):
        is_sidecar = one.name in sidecars
        restarts += one.restart_count or 0
        at_ms = _later(at_ms, last_finished_ms(one))
        if is_sidecar:
            sidecar_restarts += one.restart_count or 0
            sidecar_at_ms = _later(sidecar_at_ms, last_finished_ms(one))
        if is_sidecar and one.started and not _ended_well(one):
            ready += bool(one.ready)
            continue
        if not _ended_well(one):
            word = _init_word(one, index, len(spec.init_containers or ()))
            break
    return _InitWalk(word, ready, restarts, at_ms, sidecar_restarts, sidecar_at_ms)


def _ended_well(one: ContainerStatus) -> bool:
    ended = one.state.terminated if one.state else None
    return ended is not None and ended.exit_code == 0


def _init_word(one: ContainerStatus, index: int, count: int) -> str:
    state = one.state
    if state and state.terminated:
        return f"Init:{terminated_word(state.terminated)}"
    reason = state.waiting.reason if state and state.waiting else None
    if reason and reason != "PodInitializing":
        return f"Init:{reason}"
    return f"Init:{index}/{count}"


def _walk_containers(word: str, status: PodStatus) -> tuple[str, int, int, int | None]:
    """From the last to the first, so that the first one's word wins."""
    ready = restarts = 0
    at_ms: int | None = None
    error = ""
    has_running = False
    for one in reversed(status.container_statuses or ()):
        restarts += one.restart_count or 0
        if one.last_state is not None:
            at_ms = _later(at_ms, last_finished_ms(one))
        state = one.state
        if state is None:
            continue
        if state.waiting and state.waiting.reason:
            word = state.waiting.reason
        elif state.terminated:
            word = terminated_word(state.terminated)
            error = word if state.terminated.exit_code else error
        elif one.ready and state.running:
            has_running = True
            ready += 1
    if word == "Completed":
        word = _completed_word(status.conditions, error, has_running=has_running)
    return word, ready, restarts, at_ms


def _completed_word(conditions: Conditions, error: str, *, has_running: bool) -> str:
    if has_running and holds(conditions, "Ready"):
        return "Running"
    return error or ("NotReady" if has_running else "Completed")


def _deleting_word(word: str, status: PodStatus) -> str:
    if status.reason == "NodeLost":
        return "Unknown"
    return word if is_finished(status) else "Terminating"


def last_finished_ms(one: ContainerStatus) -> int | None:
    """When the container last ended before it was started again."""
    ended = one.last_state.terminated if one.last_state else None
    return moment_ms(ended.finished_at) if ended else None


def _later(one_ms: int | None, other_ms: int | None) -> int | None:
    if one_ms is None or other_ms is None:
        return one_ms if other_ms is None else other_ms
    return max(one_ms, other_ms)
