"""Resources and changes for tests of the journal."""

from typing import Any

from clusters.mirror.changes import Change
from clusters.state.resource import HEALTHY, Resource
from metrics.journal.records import resource_type


def resource(uid: str, *, kind: str = "Pod", **fields: Any) -> Resource:
    """A resource of that uid, by the type its kind has."""
    given = {
        "group": "",
        "namespace": "shop",
        "name": f"web-{uid}",
        "version": "1",
        "created_ms": 1_000,
        "health": HEALTHY,
        "reason": "Running",
        "since_ms": None,
    } | fields
    return resource_type(kind)(kind=kind, uid=uid, **given)


def seen(uid: str, *, kind: str = "Pod", **fields: Any) -> Change:
    """The change that sets a resource."""
    return Change(kind, uid, resource(uid, kind=kind, **fields))


def gone(uid: str, *, kind: str = "Pod") -> Change:
    """The change that removes a resource."""
    return Change(kind, uid, None)
