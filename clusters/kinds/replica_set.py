"""ReplicaSets: mostly the revisions of Deployments."""

from msgspec import Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Conditions, Int32, Metadata, Selector, Template, condition, holds
from clusters.state.owners import workload_of
from clusters.state.resource import Resource
from clusters.state.selectors import container_images, container_names, selector_text
from clusters.state.texts import clipped, reason_word, word
from clusters.state.verdicts_workloads import replica_set_verdict


class ReplicaSetSpec(Struct, gc=False):
    """A ReplicaSet as it should be."""

    replicas: Int32 | None = None
    selector: Selector | None = None
    template: Template | None = None


class ReplicaSetStatus(Struct, gc=False, rename="camel"):
    """A ReplicaSet as it is."""

    replicas: Int32 | None = None
    ready_replicas: Int32 | None = None
    conditions: Conditions = None


class ReplicaSetObject(Struct, gc=False):
    """A ReplicaSet as the API server gives it."""

    metadata: Metadata
    spec: ReplicaSetSpec | None = None
    status: ReplicaSetStatus | None = None


class ReplicaSet(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A ReplicaSet."""

    wanted: int = 0
    replicas: int = 0
    ready: int = 0
    containers: str = ""
    images: str = ""
    selector: str = ""
    message: str = ""


def read(replica_set: ReplicaSetObject, now_ms: int) -> ReplicaSet:
    """One ReplicaSet as we keep it."""
    metadata = replica_set.metadata
    spec, status = replica_set.spec or ReplicaSetSpec(), replica_set.status or ReplicaSetStatus()
    wanted, ready = 1 if spec.replicas is None else spec.replicas, status.ready_replicas or 0
    verdict = replica_set_verdict(
        metadata, wanted=wanted, ready=ready, conditions=status.conditions, now_ms=now_ms
    )
    return ReplicaSet(
        kind="ReplicaSet",
        group="apps",
        namespace=word(metadata.namespace),
        name=metadata.name,
        uid=metadata.uid,
        version=metadata.resource_version,
        created_ms=moment_ms(metadata.creation_timestamp),
        health=verdict.health,
        reason=reason_word(verdict.reason),
        since_ms=verdict.since_ms,
        turns=verdict.turns,
        workload=workload_of(metadata),
        wanted=wanted,
        replicas=status.replicas or 0,
        ready=ready,
        containers=word(container_names(spec.template), 2_000),
        images=word(container_images(spec.template), 2_000),
        selector=selector_text(spec.selector),
        message=_message(status.conditions),
    )


def _message(conditions: Conditions) -> str:
    failure = condition(conditions, "ReplicaFailure")
    return clipped(failure.message) if failure is not None and holds(conditions, "ReplicaFailure") else ""


def _extra(one: ReplicaSet) -> dict[str, object]:
    return {
        "replicas": {"wanted": one.wanted, "current": one.replicas, "ready": one.ready},
        "images": one.images,
        "message": one.message,
    }


KIND = Kind(
    name="ReplicaSet",
    group="apps",
    version="v1",
    plural="replicasets",
    namespaced=True,
    api_object=ReplicaSetObject,
    resource=ReplicaSet,
    read=read,
    columns=(
        Column("Name", lambda one, _: one.name),
        Column("Desired", lambda one, _: str(one.wanted)),
        Column("Current", lambda one, _: str(one.replicas)),
        Column("Ready", lambda one, _: str(one.ready)),
        Column("Age", lambda one, now_ms: age(one.created_ms, now_ms)),
        Column("Containers", lambda one, _: one.containers, wide=True),
        Column("Images", lambda one, _: one.images, wide=True),
        Column("Selector", lambda one, _: one.selector, wide=True),
    ),
    extra=_extra,
)
