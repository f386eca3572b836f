"""Alerts as rows, and back: what is written of them, and what an evaluator goes on from.

Names come from outside: what would not fit a column is clipped, and the fingerprint is made of what is
stored, so that a row is found again by whoever read it.
"""

import json
import math
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from metrics import sql
from metrics.alerts.evaluate import ClusterAlerts, Quiet
from metrics.alerts.models import Alert
from metrics.alerts.values import (
    FIRING,
    RESOLVED,
    AlertKey,
    Kept,
    Match,
    Subject,
    Transition,
    Value,
    fingerprint,
)

OURS = "topmast"
SENT = "alertmanager"
"""Where an alert comes from: judged by us, or sent to us."""

INSERTED = (
    "uuid", "fingerprint", "cluster_id", "source", "rule", "kind", "namespace", "name", "labels",
    "end_reason",
)  # fmt: skip
CHANGED = (
    "node", "workload", "image", "severity", "state", "params", "since_ms", "fired_at_ms", "last_true_at_ms",
    "unknown_since_ms", "false_since_ms", "resolved_at_ms", "quiet_until_ms", "group_id",
)  # fmt: skip
ENDED = (
    "state", "last_true_at_ms", "unknown_since_ms", "false_since_ms", "resolved_at_ms", "end_reason",
)  # fmt: skip

READ = (
    "rule", "kind", "namespace", "name", "node", "workload", "image", "severity", "state", "params",
    "since_ms", "fired_at_ms", "last_true_at_ms", "unknown_since_ms", "false_since_ms", "quiet_until_ms",
)  # fmt: skip


def text(value: str, longest: int) -> str:
    """A string that every database takes."""
    return value.replace("\0", "")[:longest]


def fingerprint_of(cluster: str, key: AlertKey) -> str:
    """The fingerprint of an alert as it is stored."""
    subject = key.subject
    bounded = Subject(text(subject.kind, 63), text(subject.namespace, 63), text(subject.name, 253))
    return fingerprint(cluster=cluster, key=AlertKey(text(key.rule, 80), bounded))


def inserted(
    alert: Kept, *, cluster_id: int | None, mark: str, source: str = OURS, labels: str = "{}"
) -> tuple[object, ...]:
    """What a new row has beside CHANGED; `mark` is its fingerprint, `labels` are JSON."""
    subject = alert.key.subject
    return (
        new_uuid(), mark, cluster_id, source, text(alert.key.rule, 80), text(subject.kind, 63),
        text(subject.namespace, 63), text(subject.name, 253), labels, "",
    )  # fmt: skip


def changed(alert: Kept, *, group_id: int | None) -> tuple[object, ...]:
    """What a row is now, in the order of CHANGED."""
    match = alert.match
    return (
        text(match.node, 253), text(match.workload, 320), text(match.image, 500), alert.severity, alert.state,
        params_json(match.params), alert.since_ms, alert.fired_at_ms, alert.last_true_at_ms,
        alert.unknown_since_ms, alert.false_since_ms, None, None, group_id,
    )  # fmt: skip


def ended(transition: Transition) -> tuple[object, ...]:
    """What a row is at its end, in the order of ENDED."""
    alert = transition.alert
    return (
        RESOLVED, alert.last_true_at_ms, None, alert.false_since_ms, transition.at_ms,
        text(transition.reason, 40),
    )  # fmt: skip


def params_json(params: dict[str, Value]) -> str:
    """Params as JSON that every database takes; a number that is none is unknown."""
    return json.dumps({name: _plain(value) for name, value in params.items()})


def new_uuid() -> object:
    """A new UUID in the form this database stores."""
    made = uuid.uuid4()
    return made if connection.features.has_native_uuid_field else made.hex


def restore(cluster_id: int) -> ClusterAlerts:
    """The alerts of a cluster as their rows have them."""
    return _restored(Alert.objects.filter(cluster_id=cluster_id))


def restore_portal(rule: str) -> ClusterAlerts:
    """The alerts of one rule about the portal itself."""
    return _restored(Alert.objects.filter(cluster__isnull=True, rule=rule))


def by_hand(cluster_ids: Sequence[int]) -> dict[int, dict[AlertKey, Quiet]]:
    """What people have resolved in these clusters and want to hear nothing of yet, by cluster."""
    found: dict[int, dict[AlertKey, Quiet]] = {}
    mine = Alert.objects.filter(
        cluster_id__in=cluster_ids, source=OURS, quiet_until_ms__isnull=False, state=RESOLVED
    )
    for row in mine.order_by("pk").values("cluster_id", *READ).iterator():
        cluster_id = row.pop("cluster_id")
        alert = _kept(row)
        found.setdefault(cluster_id, {})[alert.key] = Quiet(alert, row["quiet_until_ms"])
    return found


def sent_before(marks: Sequence[str]) -> dict[str, Kept | Quiet]:
    """Of alerts that were sent to us: those that are open, and those that people want to hear nothing of."""
    found: dict[str, Kept | Quiet] = {}
    for some in sql.parts(marks):
        mine = Alert.objects.filter(source=SENT, fingerprint__in=some)
        quiet = mine.filter(state=RESOLVED, quiet_until_ms__isnull=False).order_by("pk")
        for row in quiet.values("fingerprint", *READ):
            found[row["fingerprint"]] = Quiet(_kept(row), row["quiet_until_ms"])
        for row in mine.exclude(state=RESOLVED).values("fingerprint", *READ):
            found[row["fingerprint"]] = _kept(row)
    return found


def silent_since(cluster_id: int | None, before_ms: int, most: int) -> dict[str, Kept]:
    """Alerts of a cluster that were sent to us, fire, and were not heard of since; by fingerprint."""
    of_cluster = Q(cluster__isnull=True) if cluster_id is None else Q(cluster_id=cluster_id)
    mine = Alert.objects.filter(of_cluster, source=SENT, state=FIRING, last_true_at_ms__lt=before_ms)
    return {row["fingerprint"]: _kept(row) for row in mine.order_by("pk").values("fingerprint", *READ)[:most]}


def _restored(alerts: QuerySet[Alert]) -> ClusterAlerts:
    mine = alerts.filter(source=OURS).order_by("pk")
    kept = {one.key: one for one in map(_kept, mine.exclude(state=RESOLVED).values(*READ).iterator())}
    return ClusterAlerts(kept, {key: one for key, one in _quiet(mine).items() if key not in kept})


def _quiet(mine: QuerySet[Alert]) -> dict[AlertKey, Quiet]:
    rows = mine.filter(quiet_until_ms__isnull=False, state=RESOLVED).values(*READ)
    return {(one := _kept(row)).key: Quiet(one, row["quiet_until_ms"]) for row in rows.iterator()}


def _kept(row: dict[str, Any]) -> Kept:
    key = AlertKey(row["rule"], Subject(row["kind"], row["namespace"], row["name"]))
    return Kept(
        match=Match(
            key=key, node=row["node"], workload=row["workload"], image=row["image"], params=row["params"]
        ),
        severity=row["severity"],
        state=row["state"],
        since_ms=row["since_ms"],
        fired_at_ms=row["fired_at_ms"],
        last_true_at_ms=row["last_true_at_ms"],
        unknown_since_ms=row["unknown_since_ms"],
        false_since_ms=row["false_since_ms"],
    )


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        return text(value, 500)
    return None if isinstance(value, float) and not math.isfinite(value) else value
