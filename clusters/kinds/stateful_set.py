"""StatefulSets: pods with names of their own."""

from msgspec import Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Int32, Int64, Metadata, Template
from clusters.state.owners import workload_of
from clusters.state.resource import Resource
from clusters.state.selectors import container_images, container_names
from clusters.state.texts import reason_word, word
from clusters.state.verdicts_workloads import SetFacts, set_verdict


class RollingUpdate(Struct, gc=False):
    """How a roll-out goes: pods below the partition keep the old revision."""

    partition: Int32 | None = None


class UpdateStrategy(Struct, gc=False, rename="camel"):
    """RollingUpdate or OnDelete."""

    type: str | None = None
    rolling_update: RollingUpdate | None = None


class StatefulSetSpec(Struct, gc=False, rename="camel"):
    """A StatefulSet as it should be."""

    replicas: Int32 | None = None
    template: Template | None = None
    update_strategy: UpdateStrategy | None = None


class StatefulSetStatus(Struct, gc=False, rename="camel"):
    """A StatefulSet as it is."""

    observed_generation: Int64 | None = None
    replicas: Int32 | None = None
    ready_replicas: Int32 | None = None
    available_replicas: Int32 | None = None
    updated_replicas: Int32 | None = None
    current_revision: str | None = None
    update_revision: str | None = None


class StatefulSetObject(Struct, gc=False):
    """A StatefulSet as the API server gives it."""

    metadata: Metadata
    spec: StatefulSetSpec | None = None
    status: StatefulSetStatus | None = None


class StatefulSet(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A StatefulSet."""

    wanted: int = 0
    replicas: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    containers: str = ""
    images: str = ""
    generation: int | None = None
    observed_generation: int | None = None
    """The generation that the controller has seen last."""
    is_updating: bool = False
    """There is a newer revision, and more pods are to get it by themselves."""


def read(stateful_set: StatefulSetObject, now_ms: int) -> StatefulSet:
    """One StatefulSet as we keep it."""
    metadata = stateful_set.metadata
    spec, status = stateful_set.spec or StatefulSetSpec(), stateful_set.status or StatefulSetStatus()
    wanted = 1 if spec.replicas is None else spec.replicas
    facts = _facts(metadata, spec, status, wanted)
    verdict = set_verdict(metadata, facts, now_ms)
    return StatefulSet(
        kind="StatefulSet",
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
        ready=status.ready_replicas or 0,
        updated=status.updated_replicas or 0,
        available=_available(status),
        containers=container_names(spec.template),
        images=container_images(spec.template),
        generation=metadata.generation,
        observed_generation=status.observed_generation,
        is_updating=facts.is_updating,
    )


def _facts(metadata: Metadata, spec: StatefulSetSpec, status: StatefulSetStatus, wanted: int) -> SetFacts:
    strategy = spec.update_strategy or UpdateStrategy()
    observed = status.observed_generation or 0
    has_newer = status.update_revision != status.current_revision
    partition = (strategy.rolling_update.partition if strategy.rolling_update else None) or 0
    is_partly = partition > 0 and (status.updated_replicas or 0) >= wanted - partition
    is_on_delete = strategy.type == "OnDelete"
    return SetFacts(
        wanted=wanted,
        available=_available(status),
        is_observed=observed > 0 and observed >= (metadata.generation or 0),
        is_updating=has_newer and not is_on_delete and not is_partly,
        waits_for_deletion=has_newer and is_on_delete,
    )


def _available(status: StatefulSetStatus) -> int:
    """Servers before 1.22 do not tell available from ready."""
    return (status.ready_replicas if status.available_replicas is None else status.available_replicas) or 0


def _extra(one: StatefulSet) -> dict[str, object]:
    return {
        "replicas": {
            "wanted": one.wanted, "current": one.replicas, "ready": one.ready, "updated": one.updated,
            "available": one.available,
        },
        "images": one.images,
    }  # fmt: skip


KIND = Kind(
    name="StatefulSet",
    group="apps",
    version="v1",
    plural="statefulsets",
    namespaced=True,
    api_object=StatefulSetObject,
    resource=StatefulSet,
    read=read,
    columns=(
        Column("Name", lambda one, _: one.name),
        Column("Ready", lambda one, _: f"{one.ready}/{one.wanted}"),
        Column("Age", lambda one, now_ms: age(one.created_ms, now_ms)),
        Column("Containers", lambda one, _: one.containers, wide=True),
        Column("Images", lambda one, _: one.images, wide=True),
    ),
    extra=_extra,
    is_workload=True,
)
