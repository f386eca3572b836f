"""One thing in a cluster as we keep it, and its verdict over time."""

import msgspec

CRITICAL = "critical"
DEGRADED = "degraded"
NO_DATA = "no_data"
PENDING = "pending"
SILENCED = "silenced"
HEALTHY = "healthy"

HEALTHS = (CRITICAL, DEGRADED, NO_DATA, PENDING, SILENCED, HEALTHY)
"""The health words, worst first. Whatever is counted by health sums to the total over these six."""


class Turn(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A verdict that time alone will bring: from `at_ms` on, unless the object changes before."""

    at_ms: int
    health: str
    reason: str


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What is wrong, or not, with one object at one moment, and what waiting will make of it.

    `reason` is a code (kubectl's or our own word, never a sentence); `since_ms` is None where nobody
    can tell; `turns` are in order of time and all later than the moment of judging.
    """

    health: str
    reason: str
    since_ms: int | None
    turns: tuple[Turn, ...] = ()


class Resource(msgspec.Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """One object of a cluster, flat, as mirror, rows, journal and keyframes hold it.

    Subclasses (one a kind, in clusters.kinds) append their own fields and never reorder: the stored
    form is the array of the fields, and older rows must stay readable. Times are UTC milliseconds.
    Strings that repeat (kind, namespace, node, health, reason, owner) are interned by the reader of the kind.
    """

    kind: str
    group: str
    namespace: str
    name: str
    uid: str
    version: str
    created_ms: int | None
    health: str
    reason: str
    since_ms: int | None
    turns: tuple[Turn, ...] = ()
    node: str = ""
    workload: str = ""
    """`Kind/name` of the controlling workload in the same namespace; empty where there is none."""
    cpu_cores: float | None = None
    """Pods: effective request. Nodes: allocatable. None where unknown."""
    memory_bytes: int | None = None
    """Pods: effective request. Nodes: allocatable. None where unknown."""


def turned(resource: Resource, now_ms: int) -> Resource:
    """The resource with the verdict that is due at `now_ms`; the same object where none is."""
    due = [turn for turn in resource.turns if turn.at_ms <= now_ms]
    if not due:
        return resource
    turn = due[-1]
    return msgspec.structs.replace(
        resource,
        health=turn.health,
        reason=turn.reason,
        since_ms=resource.since_ms if turn.reason == resource.reason else turn.at_ms,
        turns=resource.turns[len(due) :],
    )
