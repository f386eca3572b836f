"""Alerts as an Alertmanager writes them."""

import json
from datetime import UTC, datetime

from clusters.access.models import User
from metrics.alerts.inbound import read_payload
from metrics.alerts.receiving import Receipt, receive
from tests.metrics.alerts.rows import T0


def at(moment_ms: int) -> str:
    """A moment as Go writes it."""
    return datetime.fromtimestamp(moment_ms / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"


def an_alert_sent(**facts) -> dict[str, object]:
    """A pod of prod that fires since T0, as it is written; `labels` are added to its own."""
    labels = {
        "alertname": "QueueTooLong",
        "cluster": "prod",
        "namespace": "shop",
        "pod": "web-1",
        "severity": "critical",
        **facts.pop("labels", {}),
    }
    ordinary = {
        "status": "firing",
        "labels": {name: value for name, value in labels.items() if value is not None},
        "annotations": {"summary": "The queue is too long.", "runbook_url": "https://runbooks.example/queue"},
        "startsAt": at(T0),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "c0ffee",
    }
    return {**ordinary, **facts}


def is_over(alert: dict[str, object], ends_ms: int) -> dict[str, object]:
    """The same alert, resolved."""
    return {**alert, "status": "resolved", "endsAt": at(ends_ms)}


def a_body(*alerts, **facts) -> bytes:
    """A notification of these."""
    envelope = {
        "receiver": "topmast",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
    }
    return json.dumps({**envelope, **facts}).encode()


def send(user: User, *alerts, now_ms: int = T0 + 1_000) -> Receipt:
    """Have them taken."""
    return receive(read_payload(a_body(*alerts), now_ms), user, now_ms)
