"""One cluster's card as the world sees it: the shape that REST, live messages and pages share. Pure."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from clusters.state.resource import HEALTHS
from clusters.state.summary import Cause, HealthCounts, KindState, Summary

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

REFUSED = "refused"
SYNCING = "syncing"
UNREAD = "unread"


class ClusterValues(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one cluster at one place of its journal: its state's columns and its UUID."""

    uuid: str
    health: str = "pending"
    reason: str = ""
    since_ms: int | None = None
    connection: str = "never_reached"
    connection_reason: str = ""
    connection_message: str = ""
    connection_since_ms: int | None = None
    last_read_at_ms: int | None = None
    next_try_at_ms: int | None = None
    fence: int = 0
    number: int = 0
    taken_at_ms: int | None = None
    summary: Summary | None = None


@functools.lru_cache(maxsize=65_536)  # The same few moments stand in every card of a cluster.
def iso(at_ms: int | None) -> str | None:
    """A moment as REST writes it, always UTC; whole seconds without a fraction.

    None stays None, and so does a moment outside the calendar, which only a lying cluster has.

    >>> iso(1_000), iso(1_250), iso(None)
    ('1970-01-01T00:00:01Z', '1970-01-01T00:00:01.250Z', None)
    """
    if at_ms is None:
        return None
    try:
        moment = _EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds").replace("+00:00", "Z")


def cause_picture(cause: Cause) -> dict[str, object]:
    """One cause, ready for JSON."""
    fields: dict[str, object] = msgspec.structs.asdict(cause)
    fields["since"] = iso(cause.since_ms)
    del fields["since_ms"]
    return fields


def kind_picture(state: KindState) -> dict[str, object]:
    """How reading one kind goes, ready for JSON."""
    return {
        "state": state.state,
        "reason": state.reason,
        "since": iso(state.since_ms),
        "skipped": state.skipped,
        "skipped_key": state.skipped_key,
    }


def cluster_picture(
    values: ClusterValues,
    *,
    of_cause: Callable[[Cause], object] = cause_picture,
    of_kind: Callable[[KindState], object] = kind_picture,
) -> dict[str, object]:
    """The card of one cluster, ready for JSON; unknown is None. Slug, name and labels are added by REST.

    Who makes many of them may give causes and kinds another form, such as their JSON.
    """
    summary = values.summary
    known = summary or Summary()
    return {
        "id": values.uuid,
        "health": values.health,
        "reason": values.reason,
        "since": iso(values.since_ms),
        "connection": _connection(values),
        "version": known.version,
        "nodes": _nodes(summary),
        "pods": _counts(summary, known.pods, "Pod"),
        "workloads": _counts(summary, known.workloads, "Deployment"),
        "cpu": msgspec.to_builtins(known.cpu),
        "memory": msgspec.to_builtins(known.memory),
        "usage": _usage(known),
        "kinds": {kind: of_kind(state) for kind, state in known.kinds.items()},
        "causes": [of_cause(cause) for cause in known.causes],
        "causes_total": known.causes_total,
        "node_strip": known.node_strip,
        "clock_skew_seconds": known.clock_skew_seconds,
        "place": f"{values.fence}.{values.number}",
        "as_of": iso(values.taken_at_ms),
    }


def _connection(values: ClusterValues) -> dict[str, object]:
    return {
        "state": values.connection,
        "reason": values.connection_reason,
        "message": values.connection_message,
        "since": iso(values.connection_since_ms),
        "last_read_at": iso(values.last_read_at_ms),
        "next_try_at": iso(values.next_try_at_ms),
    }


def _nodes(summary: Summary | None) -> dict[str, int | None]:
    counts = _counts(summary, summary.nodes if summary else HealthCounts(), "Node")
    is_known = summary is not None and counts["total"] is not None
    return {
        "total": counts.pop("total"),
        "ready": summary.nodes_ready if summary and is_known else None,
        "cordoned": summary.nodes_cordoned if summary and is_known else None,
        **counts,
    }


def _counts(summary: Summary | None, counts: HealthCounts, kind: str) -> dict[str, int | None]:
    """The total and each health; all None where nothing was read, as 0 would be a claim."""
    total = counts.total
    if summary is None or (total == 0 and _is_unread(summary.kinds.get(kind))):
        return dict.fromkeys(("total", *HEALTHS))
    return {"total": total, **msgspec.structs.asdict(counts)}


def _is_unread(state: KindState | None) -> bool:
    return state is not None and state.state in (REFUSED, SYNCING, UNREAD)


def _usage(summary: Summary) -> dict[str, object]:
    state = summary.usage_state
    return {
        "state": state.state if state else None,
        "reason": state.reason if state else "",
        "at": iso(summary.usage_at_ms),
    }
