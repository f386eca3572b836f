"""DaemonSets: a pod on each node that fits."""

from msgspec import Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Int32, Int64, Metadata, Selector, Template
from clusters.state.owners import workload_of
from clusters.state.resource import Resource
from clusters.state.selectors import container_images, container_names, labels_text, selector_text
from clusters.state.texts import reason_word, word
from clusters.state.verdicts_workloads import SetFacts, set_verdict


class DaemonSetStrategy(Struct, gc=False):
    """RollingUpdate or OnDelete."""

    type: str | None = None


class DaemonSetSpec(Struct, gc=False, rename="camel"):
    """A DaemonSet as it should be."""

    selector: Selector | None = None
    template: Template | None = None
    update_strategy: DaemonSetStrategy | None = None


class DaemonSetStatus(Struct, gc=False, rename="camel"):
    """A DaemonSet as it is."""

    observed_generation: Int64 | None = None
    desired_number_scheduled: Int32 | None = None
    current_number_scheduled: Int32 | None = None
    number_ready: Int32 | None = None
    updated_number_scheduled: Int32 | None = None
    number_available: Int32 | None = None
    number_misscheduled: Int32 | None = None


class DaemonSetObject(Struct, gc=False):
    """A DaemonSet as the API server gives it."""

    metadata: Metadata
    spec: DaemonSetSpec | None = None
    status: DaemonSetStatus | None = None


class DaemonSet(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A DaemonSet. `wanted` is the number of nodes that fit."""

    wanted: int = 0
    replicas: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    misscheduled: int = 0
    node_selector: str = ""
    containers: str = ""
    images: str = ""
    selector: str = ""
    is_on_delete: bool = False
    """Only who deletes a pod gets the newer revision."""


def read(daemon_set: DaemonSetObject, now_ms: int) -> DaemonSet:
    """One DaemonSet as we keep it."""
    metadata = daemon_set.metadata
    spec, status = daemon_set.spec or DaemonSetSpec(), daemon_set.status or DaemonSetStatus()
    facts = _facts(metadata, spec, status)
    verdict = set_verdict(metadata, facts, now_ms)
    template = spec.template
    return DaemonSet(
        kind="DaemonSet",
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
        wanted=facts.wanted,
        replicas=status.current_number_scheduled or 0,
        ready=status.number_ready or 0,
        updated=status.updated_number_scheduled or 0,
        available=facts.available,
        misscheduled=facts.misscheduled,
        node_selector=labels_text(template.spec.node_selector if template and template.spec else None),
        containers=container_names(template),
        images=container_images(template),
        selector=selector_text(spec.selector),
        is_on_delete=_is_on_delete(spec),
    )


def _facts(metadata: Metadata, spec: DaemonSetSpec, status: DaemonSetStatus) -> SetFacts:
    wanted = status.desired_number_scheduled or 0
    observed = status.observed_generation or 0
    is_old = (status.updated_number_scheduled or 0) < wanted
    is_on_delete = _is_on_delete(spec)
    return SetFacts(
        wanted=wanted,
        available=status.number_available or 0,
        is_observed=observed >= (metadata.generation or 0),
        is_updating=is_old and not is_on_delete,
        waits_for_deletion=is_old and is_on_delete,
        misscheduled=status.number_misscheduled or 0,
        nothing_wanted="NoMatchingNodes" if observed else "",
    )


def _is_on_delete(spec: DaemonSetSpec) -> bool:
    return spec.update_strategy is not None and spec.update_strategy.type == "OnDelete"


def _extra(one: DaemonSet) -> dict[str, object]:
    return {
        "replicas": {
            "wanted": one.wanted, "current": one.replicas, "ready": one.ready, "updated": one.updated,
            "available": one.available, "misscheduled": one.misscheduled,
        },
        "images": one.images,
    }  # fmt: skip


KIND = Kind(
    name="DaemonSet",
    group="apps",
    version="v1",
    plural="daemonsets",
    namespaced=True,
    api_object=DaemonSetObject,
    resource=DaemonSet,
    read=read,
    columns=(
        Column("Name", lambda one, _: one.name),
        Column("Desired", lambda one, _: str(one.wanted)),
        Column("Current", lambda one, _: str(one.replicas)),
        Column("Ready", lambda one, _: str(one.ready)),
        Column("Up-to-date", lambda one, _: str(one.updated)),
        Column("Available", lambda one, _: str(one.available)),
        Column("Node Selector", lambda one, _: one.node_selector),
        Column("Age", lambda one, now_ms: age(one.created_ms, now_ms)),
        Column("Containers", lambda one, _: one.containers, wide=True),
        Column("Images", lambda one, _: one.images, wide=True),
        Column("Selector", lambda one, _: one.selector, wide=True),
    ),
    extra=_extra,
    is_workload=True,
)
