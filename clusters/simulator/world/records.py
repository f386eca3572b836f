"""Kubernetes Events of a simulated cluster: told, repeated, and dropped after an hour."""

import random
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from clusters.simulator.store import Store, encode
from clusters.simulator.world.managed import managed_fields
from clusters.simulator.world.naming import event_suffix, uid
from clusters.simulator.world.rendering import stamp
from clusters.simulator.world.timeline import Timeline

KEPT_MS = 3_600_000


@dataclass(frozen=True)
class Subject:
    """What an event is about."""

    kind: str
    namespace: str
    name: str
    uid: str
    api_version: str = "v1"
    field_path: str = ""


@dataclass
class _Told:
    name: str
    uid: str
    first_ms: int
    last_ms: int
    count: int = 1


class Records:
    """Writes events into the store. The same one again raises its count."""

    def __init__(self, store: Store, timeline: Timeline, chance: random.Random) -> None:
        self._store = store
        self._timeline = timeline
        self._chance = chance
        self._told: OrderedDict[tuple[Subject, str, str], _Told] = OrderedDict()

    def tell(
        self,
        subject: Subject,
        reason: str,
        message: str,
        *,
        component: str,
        is_warning: bool = False,
        at_ms: int | None = None,
    ) -> None:
        """Something happened to a thing."""
        now_ms = self._timeline.now_ms if at_ms is None else at_ms
        key = (subject, reason, message)
        told = self._told.get(key)
        if told is None:
            name = f"{subject.name}.{event_suffix(self._chance)}"
            told = self._told[key] = _Told(name, uid(self._chance), now_ms, now_ms)
        else:
            told.count += 1
            told.last_ms = now_ms
            self._told.move_to_end(key)
        body = _body(told, subject, (reason, message), component, "Warning" if is_warning else "Normal")
        self._store.put("Event", encode("Event", body))
        self._drop_old(self._timeline.now_ms)

    def _drop_old(self, now_ms: int) -> None:
        while self._told:
            key, told = next(iter(self._told.items()))
            if told.last_ms > now_ms - KEPT_MS:
                return
            del self._told[key]
            self._store.delete("Event", f"{key[0].namespace or 'default'}/{told.name}")


def _body(
    told: _Told, subject: Subject, words: tuple[str, str], component: str, severity: str
) -> dict[str, Any]:
    involved = {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name}
    involved |= {"uid": subject.uid, "apiVersion": subject.api_version, "fieldPath": subject.field_path}
    body: dict[str, Any] = {
        "metadata": {
            "name": told.name,
            "namespace": subject.namespace or "default",
            "uid": told.uid,
            "resourceVersion": "",
            "creationTimestamp": stamp(told.first_ms),
        },
        "involvedObject": {key: value for key, value in involved.items() if value},
        "reason": words[0],
        "message": words[1],
        "source": {"component": component},
        "firstTimestamp": stamp(told.first_ms),
        "lastTimestamp": stamp(told.last_ms),
        "count": told.count,
        "type": severity,
        "eventTime": None,
        "reportingComponent": component,
        "reportingInstance": "",
    }
    return managed_fields(body, "v1", component, stamp(told.last_ms))
