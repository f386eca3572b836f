"""Nodes: whether they are ready, what they offer, what troubles them."""

from typing import Annotated

from msgspec import Meta, Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import UNKNOWN, age, moment_ms
from clusters.state.objects import Conditions, Metadata, Quantity, condition
from clusters.state.picture import iso
from clusters.state.quantities import cores, nanos_or_none, whole
from clusters.state.resource import Resource
from clusters.state.texts import clipped, reason_word, word
from clusters.state.verdicts_nodes import NodeFacts, bad_conditions, node_verdict

NOTHING = "<none>"
_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
_MOST_CONDITIONS = 20
_MOST_TAINTS = 50


class NodeMetadata(Metadata, gc=False, rename="camel"):
    """Metadata of a node; its roles are labels."""

    labels: dict[str, str | None] | None = None


class Taint(Struct, gc=False):
    """An entry of spec.taints."""

    key: str = ""
    effect: str | None = None


class NodeSpec(Struct, gc=False):
    """A node as it should be."""

    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class Offered(Struct, gc=False):
    """Capacity or allocatable."""

    cpu: Quantity | None = None
    memory: Quantity | None = None
    pods: Quantity | None = None


class Address(Struct, gc=False):
    """An entry of status.addresses."""

    type: str = ""
    address: Annotated[str, Meta(max_length=253)] = ""


class NodeInfo(Struct, gc=False, rename="camel"):
    """What the kubelet says of its machine."""

    kubelet_version: str | None = None
    os_image: str | None = None
    kernel_version: str | None = None
    container_runtime_version: str | None = None
    architecture: str | None = None


class NodeStatus(Struct, gc=False, rename="camel"):
    """A node as it is."""

    conditions: Conditions = None
    allocatable: Offered | None = None
    capacity: Offered | None = None
    addresses: list[Address] | None = None
    node_info: NodeInfo | None = None


class NodeObject(Struct, gc=False):
    """A node as the API server gives it."""

    metadata: NodeMetadata
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class BadCondition(Struct, frozen=True, gc=False, array_like=True):
    """A condition that speaks against the node."""

    type: str
    status: str
    reason: str
    message: str
    since_ms: int | None


class NodeTaint(Struct, frozen=True, gc=False, array_like=True):
    """What keeps pods off a node."""

    key: str
    effect: str


class Node(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A node. `cpu_cores` and `memory_bytes` are what it offers to pods (allocatable)."""

    is_ready: bool = False
    is_cordoned: bool = False
    status: str = ""
    """kubectl's STATUS."""
    roles: str = ""
    """Sorted, with commas; empty for none."""
    kubelet_version: str = ""
    internal_ip: str = ""
    external_ip: str = ""
    os_image: str = ""
    kernel_version: str = ""
    architecture: str = ""
    container_runtime: str = ""
    pods_allocatable: int | None = None
    conditions: tuple[BadCondition, ...] = ()
    message: str = ""
    taints: tuple[NodeTaint, ...] = ()


def read(node: NodeObject, now_ms: int) -> Node:
    """One node as we keep it."""
    metadata = node.metadata
    spec, status = node.spec or NodeSpec(), node.status or NodeStatus()
    info = status.node_info or NodeInfo()
    offered = status.allocatable or status.capacity or Offered()
    facts = NodeFacts(bool(spec.unschedulable), frozenset(taint.key for taint in spec.taints or ()))
    verdict = node_verdict(metadata, facts, status.conditions, now_ms)
    conditions = _speaking_against(status.conditions)
    return Node(
        kind="Node",
        group="",
        namespace="",
        name=metadata.name,
        uid=metadata.uid,
        version=metadata.resource_version,
        created_ms=moment_ms(metadata.creation_timestamp),
        health=verdict.health,
        reason=reason_word(verdict.reason),
        since_ms=verdict.since_ms,
        turns=verdict.turns,
        cpu_cores=cores(nanos_or_none(offered.cpu)),
        memory_bytes=whole(nanos_or_none(offered.memory)),
        is_ready=_ready_word(status.conditions) == "Ready",
        is_cordoned=facts.is_cordoned,
        status=_ready_word(status.conditions) + (",SchedulingDisabled" if facts.is_cordoned else ""),
        roles=_roles(metadata.labels),
        kubelet_version=word(info.kubelet_version),
        internal_ip=_address(status, "InternalIP"),
        external_ip=_address(status, "ExternalIP"),
        os_image=word(info.os_image),
        kernel_version=word(info.kernel_version),
        architecture=word(info.architecture),
        container_runtime=word(info.container_runtime_version),
        pods_allocatable=whole(nanos_or_none(offered.pods)),
        conditions=conditions,
        message=conditions[0].message if conditions else "",
        taints=_taints(spec.taints),
    )


def _ready_word(conditions: Conditions) -> str:
    ready = condition(conditions, "Ready")
    if ready is None:
        return "Unknown"
    return "Ready" if ready.status == "True" else "NotReady"


def _speaking_against(conditions: Conditions) -> tuple[BadCondition, ...]:
    ready = condition(conditions, "Ready")
    unready = [ready] if ready is not None and ready.status != "True" else []
    return tuple(
        BadCondition(
            word(one.type), word(one.status), reason_word(one.reason), clipped(one.message),
            moment_ms(one.last_transition_time),
        )
        for one in [*unready, *bad_conditions(conditions)][:_MOST_CONDITIONS]
    )  # fmt: skip


def _taints(taints: list[Taint] | None) -> tuple[NodeTaint, ...]:
    """Sorted: in which order a controller puts them is no change of the node."""
    found = {_taint(one) for one in taints or ()}
    return tuple(sorted(found, key=lambda one: (one.key, one.effect))[:_MOST_TAINTS])


def _taint(one: Taint) -> NodeTaint:
    return NodeTaint(word(one.key, 320), word(one.effect, 20))


def _roles(labels: dict[str, str | None] | None) -> str:
    roles = set()
    for key, value in (labels or {}).items():
        if key.startswith(_ROLE_PREFIX) and key != _ROLE_PREFIX:
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL and value:
            roles.add(value)
    return word(",".join(sorted(roles)))


def _address(status: NodeStatus, type_: str) -> str:
    return word(next((one.address for one in status.addresses or () if one.type == type_), ""))


def _kernel(node: Node, _now_ms: int) -> str:
    if not node.kernel_version:
        return UNKNOWN
    return f"{node.kernel_version} ({node.architecture})" if node.architecture else node.kernel_version


def _extra(node: Node) -> dict[str, object]:
    return {
        "status": node.status,
        "ready": node.is_ready,
        "cordoned": node.is_cordoned,
        "roles": node.roles.split(",") if node.roles else [],
        "version": node.kubelet_version or None,
        "os": node.os_image or None,
        "kernel": node.kernel_version or None,
        "architecture": node.architecture or None,
        "container_runtime": node.container_runtime or None,
        "internal_ip": node.internal_ip or None,
        "external_ip": node.external_ip or None,
        "pods_allocatable": node.pods_allocatable,
        "conditions": [_bad(one) for one in node.conditions],
        "message": node.message,
    }


def _bad(one: BadCondition) -> dict[str, object]:
    return {
        "type": one.type, "status": one.status, "reason": one.reason, "message": one.message,
        "since": iso(one.since_ms),
    }  # fmt: skip


KIND = Kind(
    name="Node",
    group="",
    version="v1",
    plural="nodes",
    namespaced=False,
    api_object=NodeObject,
    resource=Node,
    read=read,
    columns=(
        Column("Name", lambda node, _: node.name),
        Column("Status", lambda node, _: node.status),
        Column("Roles", lambda node, _: node.roles or NOTHING),
        Column("Age", lambda node, now_ms: age(node.created_ms, now_ms)),
        Column("Version", lambda node, _: node.kubelet_version),
        Column("Internal-IP", lambda node, _: node.internal_ip or NOTHING, wide=True),
        Column("External-IP", lambda node, _: node.external_ip or NOTHING, wide=True),
        Column("OS-Image", lambda node, _: node.os_image or UNKNOWN, wide=True),
        Column("Kernel-Version", _kernel, wide=True),
        Column("Container-Runtime", lambda node, _: node.container_runtime or UNKNOWN, wide=True),
    ),
    extra=_extra,
)
