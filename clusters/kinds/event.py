"""Events: what the cluster itself says has happened.

Read from core/v1 and not from events.k8s.io/v1: both give the same objects and the same table, but core/v1
names count, first and last seen, source and message directly, for events of old and new reporters
alike, where events.k8s.io/v1 has half of them only in fields called deprecated.
"""

from typing import Annotated

from msgspec import Meta, Struct

from clusters.kinds.kind import Column, Kind
from clusters.state.ages import age, moment_ms
from clusters.state.objects import Int32, Metadata, Moment
from clusters.state.picture import iso
from clusters.state.resource import HEALTHY, Resource
from clusters.state.texts import clipped, reason_word, word

_LONG_NAME = Annotated[str, Meta(max_length=1024)]


class Regarding(Struct, gc=False, rename="camel"):
    """What an event is about."""

    kind: _LONG_NAME | None = None
    namespace: _LONG_NAME | None = None
    name: _LONG_NAME | None = None
    uid: _LONG_NAME | None = None
    field_path: _LONG_NAME | None = None


class Source(Struct, gc=False):
    """Who reported it, in the old way."""

    component: str | None = None
    host: str | None = None


class Series(Struct, gc=False, rename="camel"):
    """How often it has happened, in the new way."""

    count: Int32 | None = None
    last_observed_time: Moment | None = None


class EventObject(Struct, gc=False, rename="camel"):
    """An event as the API server gives it."""

    metadata: Metadata
    involved_object: Regarding | None = None
    reason: str | None = None
    message: str | None = None
    source: Source | None = None
    first_timestamp: Moment | None = None
    last_timestamp: Moment | None = None
    event_time: Moment | None = None
    count: Int32 | None = None
    type: str | None = None
    series: Series | None = None
    reporting_component: str | None = None
    reporting_instance: str | None = None


class Event(Resource, frozen=True, gc=False, array_like=True, kw_only=True):
    """An event. It has no health of its own; `workload` is `Kind/name` of what it is about, whatever kind.

    `reason` is the event's own (FailedMount), `since_ms` when it was first seen.
    """

    type: str = ""
    """Normal or Warning."""
    regarding_kind: str = ""
    regarding_namespace: str = ""
    regarding_name: str = ""
    regarding_uid: str = ""
    subobject: str = ""
    component: str = ""
    """Who reported it, with the host where there is one."""
    message: str = ""
    count: int = 1
    first_seen_ms: int | None = None
    last_seen_ms: int | None = None


def read(event: EventObject, _now_ms: int) -> Event:
    """One event as we keep it."""
    metadata, regarding = event.metadata, event.involved_object or Regarding()
    first_ms, last_ms, count = _seen(event)
    kind, name = word(regarding.kind, 63), word(regarding.name)
    return Event(
        kind="Event",
        group="",
        namespace=word(metadata.namespace),
        name=metadata.name,
        uid=metadata.uid,
        version=metadata.resource_version,
        created_ms=moment_ms(metadata.creation_timestamp),
        health=HEALTHY,
        reason=reason_word(event.reason),
        since_ms=first_ms,
        workload=word(f"{kind}/{name}", 320) if kind and name else "",
        type=word(event.type, 20),
        regarding_kind=kind,
        regarding_namespace=word(regarding.namespace),
        regarding_name=name,
        regarding_uid=word(regarding.uid, 64),
        subobject=word(regarding.field_path),
        component=word(_component(event)),
        message=clipped((event.message or "").strip()),
        count=count,
        first_seen_ms=first_ms,
        last_seen_ms=last_ms,
    )


def _seen(event: EventObject) -> tuple[int | None, int | None, int]:
    """First, last and how often; old reporters count in the event, new ones in its series."""
    first_ms = moment_ms(event.first_timestamp)
    if first_ms is None:
        first_ms = moment_ms(event.event_time)
    if event.series is not None:
        return first_ms, moment_ms(event.series.last_observed_time), event.series.count or 0
    last_ms = moment_ms(event.last_timestamp)
    return first_ms, first_ms if last_ms is None else last_ms, event.count or 1


def _component(event: EventObject) -> str:
    source = event.source or Source()
    component = source.component or event.reporting_component or ""
    instance = source.host or event.reporting_instance
    return f"{component}, {instance}" if instance else component


def _regarding(event: Event, _now_ms: int) -> str:
    kind = event.regarding_kind.lower()
    return f"{kind}/{event.regarding_name}" if event.regarding_name else kind


def _extra(event: Event) -> dict[str, object]:
    return {
        "type": event.type,
        "regarding": {
            "kind": event.regarding_kind,
            "namespace": event.regarding_namespace,
            "name": event.regarding_name,
            "uid": event.regarding_uid,
        },
        "component": event.component,
        "message": event.message,
        "count": event.count,
        "first_seen": iso(event.first_seen_ms),
        "last_seen": iso(event.last_seen_ms),
    }


KIND = Kind(
    name="Event",
    group="",
    version="v1",
    plural="events",
    namespaced=True,
    api_object=EventObject,
    resource=Event,
    read=read,
    columns=(
        Column("Last Seen", lambda event, now_ms: age(event.last_seen_ms, now_ms)),
        Column("Type", lambda event, _: event.type),
        Column("Reason", lambda event, _: event.reason),
        Column("Object", _regarding),
        Column("Subobject", lambda event, _: event.subobject, wide=True),
        Column("Source", lambda event, _: event.component, wide=True),
        Column("Message", lambda event, _: event.message),
        Column("First Seen", lambda event, now_ms: age(event.first_seen_ms, now_ms), wide=True),
        Column("Count", lambda event, _: str(event.count), wide=True),
        Column("Name", lambda event, _: event.name, wide=True),
    ),
    extra=_extra,
)
