"""The parts of a pod that status, requests and verdict are judged from, decoded."""

from typing import Annotated

from msgspec import Meta, Struct, field

from clusters.state.objects import Conditions, Int32, Metadata, Moment, Quantity


class PodLabels(Struct, gc=False):
    """The one label that is kept, to tell a Deployment's ReplicaSet from any other."""

    template_hash: str | None = field(default=None, name="pod-template-hash")


class PodMetadata(Metadata, gc=False, rename="camel"):
    """Metadata of a pod."""

    labels: PodLabels | None = None


class Amounts(Struct, gc=False):
    """Quantities of the two resources that are added up."""

    cpu: Quantity | None = None
    memory: Quantity | None = None


class Requirements(Struct, gc=False):
    """What is asked for, and what may be used."""

    requests: Amounts | None = None
    limits: Amounts | None = None


class Container(Struct, gc=False, rename="camel"):
    """A container as it should be."""

    name: str
    resources: Requirements | None = None
    restart_policy: str | None = None


class ReadinessGate(Struct, gc=False, rename="camel"):
    """A condition that the pod waits for beside its containers."""

    condition_type: str = ""


class PodSpec(Struct, gc=False, rename="camel"):
    """A pod as it should be."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    node_name: Annotated[str, Meta(max_length=253)] | None = None
    overhead: Amounts | None = None
    resources: Requirements | None = None
    readiness_gates: list[ReadinessGate] | None = None


class Waiting(Struct, gc=False):
    """Why a container does not run yet."""

    reason: str | None = None
    message: str | None = None


class Running(Struct, gc=False, rename="camel"):
    """Since when a container runs."""

    started_at: Moment | None = None


class Terminated(Struct, gc=False, rename="camel"):
    """How a container ended."""

    exit_code: Int32 = 0
    signal: Int32 | None = None
    reason: str | None = None
    message: str | None = None
    finished_at: Moment | None = None


class ContainerState(Struct, gc=False):
    """At most one of the three."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct, gc=False, rename="camel"):
    """A container as it is."""

    name: str
    image: str | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None
    ready: bool | None = None
    started: bool | None = None
    restart_count: Int32 | None = None
    resources: Requirements | None = None
    allocated_resources: Amounts | None = None


class PodStatus(Struct, gc=False, rename="camel"):
    """A pod as it is."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    conditions: Conditions = None
    start_time: Moment | None = None
    pod_ip: str | None = field(default=None, name="podIP")
    nominated_node_name: str | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    container_statuses: list[ContainerStatus] | None = None
    resources: Requirements | None = None
    allocated_resources: Amounts | None = None


class PodObject(Struct, gc=False):
    """A pod as the API server gives it."""

    metadata: PodMetadata
    spec: PodSpec | None = None
    status: PodStatus | None = None


SUCCEEDED = "Succeeded"
FAILED = "Failed"
ALWAYS = "Always"


def is_finished(status: PodStatus) -> bool:
    """Whether the pod has ended for good."""
    return status.phase in (SUCCEEDED, FAILED)


def sidecar_names(spec: PodSpec) -> frozenset[str]:
    """The init containers that go on running beside the others."""
    if not spec.init_containers:
        return _NONE
    return frozenset(one.name for one in spec.init_containers if one.restart_policy == ALWAYS)


_NONE: frozenset[str] = frozenset()
