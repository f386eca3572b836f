"""Namespaces."""

from msgspec import Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Conditions, Metadata
from clusters.state.resource import DEGRADED, Resource
from clusters.state.texts import clipped, reason_word, word
from clusters.state.verdicts_workloads import namespace_verdict


class NamespaceStatus(Struct, gc=False):
    """A namespace as it is."""

    phase: str | None = None
    conditions: Conditions = None


class NamespaceObject(Struct, gc=False):
    """A namespace as the API server gives it."""

    metadata: Metadata
    status: NamespaceStatus | None = None


class Namespace(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """A namespace."""

    status: str = ""
    message: str = ""
    """What holds it while it is going away."""


def read(namespace: NamespaceObject, now_ms: int) -> Namespace:
    """One namespace as we keep it."""
    metadata, status = namespace.metadata, namespace.status or NamespaceStatus()
    verdict = namespace_verdict(metadata, status.phase or "", status.conditions, now_ms)
    may_stick = verdict.health == DEGRADED or bool(verdict.turns)
    return Namespace(
        kind="Namespace",
        group="",
        namespace="",
        name=word(metadata.name),
        uid=metadata.uid,
        version=metadata.resource_version,
        created_ms=moment_ms(metadata.creation_timestamp),
        health=verdict.health,
        reason=reason_word(verdict.reason),
        since_ms=verdict.since_ms,
        turns=verdict.turns,
        status=word(status.phase),
        message=_message(status.conditions) if may_stick else "",
    )


def _message(conditions: Conditions) -> str:
    return clipped(next((one.message for one in conditions or () if one.status == "True"), ""))


KIND = Kind(
    name="Namespace",
    group="",
    version="v1",
    plural="namespaces",
    namespaced=False,
    api_object=NamespaceObject,
    resource=Namespace,
    read=read,
    columns=(
        Column("Name", lambda one, _: one.name),
        Column("Status", lambda one, _: one.status),
        Column("Age", lambda one, now_ms: age(one.created_ms, now_ms)),
    ),
    extra=lambda one: {"status": one.status, "message": one.message},
)
