"""One resource as the world sees it: the shape that REST, live messages and pages share. Pure."""

from clusters.kinds import kind_named
from clusters.state.picture import iso
from clusters.state.resource import Resource

Usage = tuple[float | None, int | None]
"""CPU in cores and memory in bytes, as last read."""


def resource_picture(resource: Resource, *, now_ms: int, usage: Usage | None = None) -> dict[str, object]:
    """A resource ready for JSON; unknown is None. `now_ms` is the moment it is shown for."""
    used_cores, used_bytes = usage if usage is not None else (None, None)
    what = "allocatable" if resource.kind == "Node" else "requested"
    return {
        "kind": resource.kind,
        "group": resource.group,
        "namespace": resource.namespace,
        "name": resource.name,
        "uid": resource.uid,
        "health": resource.health,
        "reason": resource.reason,
        "since": iso(resource.since_ms),
        "created": iso(resource.created_ms),
        "age_seconds": None if resource.created_ms is None else max(now_ms - resource.created_ms, 0) // 1000,
        "node": resource.node,
        "workload": resource.workload,
        **_extra(resource),
        "cpu": {"used_cores": used_cores, f"{what}_cores": resource.cpu_cores},
        "memory": {"used_bytes": used_bytes, f"{what}_bytes": resource.memory_bytes},
    }


def _extra(resource: Resource) -> dict[str, object]:
    """The kind's own part; none for what was stored of a kind that we no longer read."""
    try:
        kind = kind_named(resource.kind)
    except KeyError:
        return {}
    return kind.extra(resource) if isinstance(resource, kind.resource) else {}  # noqa: S610 – not Django's
