"""Deployments: replicas wanted and had, and how the roll-out goes."""

from msgspec import Struct, field

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Conditions, Int32, Int64, Metadata, Selector, Template, condition
from clusters.state.owners import workload_of
from clusters.state.resource import HEALTHY, Resource
from clusters.state.selectors import container_images, container_names, selector_text
from clusters.state.texts import clipped, reason_word, word
from clusters.state.verdicts_deployments import Rollout, deadline_ms, deployment_verdict


class DeploymentAnnotations(Struct, gc=False):
    """The one annotation that is kept: 1 while nothing was rolled out before."""

    revision: str | None = field(default=None, name="deployment.kubernetes.io/revision")


class DeploymentMetadata(Metadata, gc=False, rename="camel"):
    """Metadata of a Deployment."""

    annotations: DeploymentAnnotations | None = None


class Strategy(Struct, gc=False):
    """RollingUpdate or Recreate."""

    type: str | None = None


class DeploymentSpec(Struct, gc=False, rename="camel"):
    """A Deployment as it should be."""

    replicas: Int32 | None = None
    paused: bool | None = None
    progress_deadline_seconds: Int32 | None = None
    strategy: Strategy | None = None
    selector: Selector | None = None
    template: Template | None = None


class DeploymentStatus(Struct, gc=False, rename="camel"):
    """A Deployment as it is."""

    observed_generation: Int64 | None = None
    replicas: Int32 | None = None
    updated_replicas: Int32 | None = None
    ready_replicas: Int32 | None = None
    available_replicas: Int32 | None = None
    conditions: Conditions = None


class DeploymentObject(Struct, gc=False):
    """A Deployment as the API server gives it."""

    metadata: DeploymentMetadata
    spec: DeploymentSpec | None = None
    status: DeploymentStatus | None = None


class Deployment(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A Deployment."""

    wanted: int = 0
    replicas: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    is_paused: bool = False
    containers: str = ""
    images: str = ""
    selector: str = ""
    message: str = ""
    """What the controller says of the trouble; only where it is not healthy."""
    generation: int | None = None
    observed_generation: int | None = None
    """The generation that the controller has seen last."""
    is_progressing: bool | None = None
    """What the controller says of its roll-out; None where it says nothing."""


def read(deployment: DeploymentObject, now_ms: int) -> Deployment:
    """One Deployment as we keep it."""
    metadata = deployment.metadata
    spec, status = deployment.spec or DeploymentSpec(), deployment.status or DeploymentStatus()
    rollout = _rollout(metadata, spec, status)
    verdict = deployment_verdict(metadata, rollout, status.conditions, now_ms)
    return Deployment(
        kind="Deployment",
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
        wanted=rollout.wanted,
        replicas=rollout.replicas,
        ready=rollout.ready,
        updated=rollout.updated,
        available=rollout.available,
        is_paused=rollout.is_paused,
        containers=container_names(spec.template),
        images=container_images(spec.template),
        selector=selector_text(spec.selector),
        message="" if verdict.health == HEALTHY else _message(status.conditions),
        generation=metadata.generation,
        observed_generation=status.observed_generation,
        is_progressing=_is_progressing(status.conditions),
    )


def _rollout(metadata: DeploymentMetadata, spec: DeploymentSpec, status: DeploymentStatus) -> Rollout:
    revision = metadata.annotations.revision if metadata.annotations else None
    return Rollout(
        wanted=1 if spec.replicas is None else spec.replicas,
        replicas=status.replicas or 0,
        updated=status.updated_replicas or 0,
        ready=status.ready_replicas or 0,
        available=status.available_replicas or 0,
        is_paused=bool(spec.paused),
        is_observed=(status.observed_generation or 0) >= (metadata.generation or 0),
        is_first=revision in (None, "0", "1"),
        recreates=spec.strategy is not None and spec.strategy.type == "Recreate",
        deadline_ms=deadline_ms(spec.progress_deadline_seconds),
    )


def _is_progressing(conditions: Conditions) -> bool | None:
    one = condition(conditions, "Progressing")
    return {"True": True, "False": False}.get(one.status) if one is not None else None


def _message(conditions: Conditions) -> str:
    for type_, bad in (("ReplicaFailure", "True"), ("Progressing", "False"), ("Available", "False")):
        one = condition(conditions, type_)
        if one is not None and one.status == bad and one.message:
            return clipped(one.message)
    return ""


def _extra(deployment: Deployment) -> dict[str, object]:
    return {
        "replicas": {
            "wanted": deployment.wanted,
            "current": deployment.replicas,
            "ready": deployment.ready,
            "updated": deployment.updated,
            "available": deployment.available,
        },
        "paused": deployment.is_paused,
        "images": deployment.images,
        "message": deployment.message,
    }


KIND = Kind(
    name="Deployment",
    group="apps",
    version="v1",
    plural="deployments",
    namespaced=True,
    api_object=DeploymentObject,
    resource=Deployment,
    read=read,
    columns=(
        Column("Name", lambda one, _: one.name),
        Column("Ready", lambda one, _: f"{one.ready}/{one.wanted}"),
        Column("Up-to-date", lambda one, _: str(one.updated)),
        Column("Available", lambda one, _: str(one.available)),
        Column("Age", lambda one, now_ms: age(one.created_ms, now_ms)),
        Column("Containers", lambda one, _: one.containers, wide=True),
        Column("Images", lambda one, _: one.images, wide=True),
        Column("Selector", lambda one, _: one.selector, wide=True),
    ),
    extra=_extra,
    is_workload=True,
)
