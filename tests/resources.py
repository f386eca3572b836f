"""Builders of plain resources: say what matters, the rest is ordinary."""

from itertools import count

from clusters.state.resource import HEALTHY, Resource

_serial = count(1)


class ANode(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A node with the two facts that totals ask for."""

    is_ready: bool = True
    is_cordoned: bool = False


class APod(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A pod with the facts that totals ask for."""

    restarts: int = 0
    is_finished: bool = False
    message: str = ""


def a_resource(kind: str = "Deployment", **facts: object) -> Resource:
    """Any kind of object."""
    return _make(Resource, kind=kind, **facts)


def a_node(name: str = "node-1", **facts: object) -> Resource:
    """A ready node of 4 cores and 16 GiB."""
    ordinary = {"cpu_cores": 4.0, "memory_bytes": 16 << 30}
    return _make(ANode, kind="Node", namespace="", name=name, **{**ordinary, **facts})


def a_pod(name: str = "web-1", **facts: object) -> Resource:
    """A healthy pod on node-1 that asks for half a core and 1 GiB."""
    ordinary = {"node": "node-1", "cpu_cores": 0.5, "memory_bytes": 1 << 30}
    return _make(APod, kind="Pod", name=name, **{**ordinary, **facts})


def _make(kind_of: type[Resource], **facts: object) -> Resource:
    serial = next(_serial)
    ordinary: dict[str, object] = {
        "group": "", "namespace": "shop", "name": f"thing-{serial}", "uid": f"uid-{serial}",
        "version": str(serial), "created_ms": 1_000, "health": HEALTHY, "reason": "", "since_ms": 1_000,
    }  # fmt: skip
    return kind_of(**{**ordinary, **facts})  # type: ignore[arg-type]
