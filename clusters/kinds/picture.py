"""One resource as the world sees it: the shape that REST, live messages and pages share. Pure."""

from clusters.kinds import kind_named
from clusters.state.picture import iso
from clusters.state.resource import Resource

Usage = tuple[float | None, int | None]
"""CPU in cores and memory in bytes, as last read."""


def resource_picture(resource: Resource, *, now_ms: int, usage: Usage | None = None) -> dict[str, object]:
    """A resource ready for JSON; unknown is None. `now_ms` is the moment it is shown for."""
    used_cores, used_bytes = usage if usage is not None else (None, None)
    picture = picture_without_usage(resource, now_ms=now_ms)
    cores, memory = _amounts(resource)
    picture["cpu"] = {"used_cores": used_cores, **cores}
    picture["memory"] = {"used_bytes": used_bytes, **memory}
    return picture


def picture_without_usage(resource: Resource, *, now_ms: int) -> dict[str, object]:
    """The same for who knows nothing of its usage: left out, as null would overwrite what a page shows."""
    cores, memory = _amounts(resource)
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
        "cpu": cores,
        "memory": memory,
    }


def _amounts(resource: Resource) -> tuple[dict[str, object], dict[str, object]]:
    """CPU and memory that it asks for; those of a node that can be asked for."""
    if resource.kind == "Node":
        return {"allocatable_cores": resource.cpu_cores}, {"allocatable_bytes": resource.memory_bytes}
    return {"requested_cores": resource.cpu_cores}, {"requested_bytes": resource.memory_bytes}


def _extra(resource: Resource) -> dict[str, object]:
    """The kind's own part; none for what was stored of a kind that we no longer read."""
    try:
        kind = kind_named(resource.kind)
    except KeyError:
        return {}
    return kind.extra(resource) if isinstance(resource, kind.resource) else {}  # noqa: S610 – not Django's
