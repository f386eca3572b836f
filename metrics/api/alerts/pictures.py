"""Rows of alerting as REST tells them. No destination's address is in any of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from clusters.state.picture import iso
from metrics.alerts import wording
from metrics.alerts.models import Alert, AlertEvent, AlertGroup, Silence
from metrics.alerts.rules import Rule, rulebook
from metrics.notify.models import QUEUED, Destination, OutboxMessage

DELIVERIES_SHOWN = 20
"""Of each group, the latest."""


def alert_pictures(alerts: Sequence[Alert]) -> list[dict[str, object]]:
    """Each alert; `cluster`, `silenced_by`, `inhibited_by` and `group__taken_by` should be loaded."""
    told = _deliveries({alert.group_id for alert in alerts if alert.group_id is not None})
    return [_alert(alert, told.get(alert.group_id or 0, [])) for alert in alerts]


def alert_detail(alert: Alert, *, url: str | None) -> dict[str, object]:
    """One alert with what to do about it and all that happened."""
    rule = rulebook().get(alert.rule)
    (picture,) = alert_pictures([alert])
    return {
        **picture,
        "advice": wording.advice(rule, alert.params) if rule else "",
        "command": wording.command(rule, alert.params) if rule else "",
        "runbook": rule.runbook if rule else str(alert.params.get("runbook_url", "")),
        "params": alert.params,
        "labels": alert.labels,
        "url": url,
        "trail": [_event(event) for event in _trail(alert)],
    }


def sentence_of(alert: Alert) -> str:
    """What is wrong, in a sentence."""
    rule = rulebook().get(alert.rule)
    if rule is not None:
        return wording.sentence(rule, alert.params)
    return str(alert.params.get("sentence") or alert.rule)


def rule_picture(rule: Rule, firing: int) -> dict[str, object]:
    """One rule as the rulebook has it."""
    return {
        "id": rule.id,
        "name": rule.name,
        "source": rule.source,
        "severity": rule.severity,
        "about": rule.about,
        "cause": rule.cause,
        "for_seconds": rule.for_ms // 1000,
        "keep_firing_for_seconds": rule.keep_firing_for_ms // 1000,
        "no_data": rule.no_data,
        "limits": dict(rule.limits),
        "is_off": rule.is_off,
        "off_reason": rule.off_reason,
        "sentence": rule.sentence,
        "advice": rule.advice,
        "command": rule.command,
        "runbook": rule.runbook,
        "firing": firing,
    }


def silence_picture(silence: Silence, now_ms: int) -> dict[str, object]:
    """One silence; `author` should be loaded."""
    return {
        "id": str(silence.uuid),
        "matchers": [{name: one[name] for name in ("name", "op", "value")} for one in silence.matchers],
        "reason": silence.reason,
        "author": silence.author.username if silence.author else None,
        "starts_at": iso(silence.starts_at_ms),
        "ends_at": iso(silence.ends_at_ms),
        "is_active": silence.starts_at_ms <= now_ms < silence.ends_at_ms,
    }


def destination_picture(
    destination: Destination, *, waiting: int, next_try_at_ms: int | None
) -> dict[str, object]:
    """One destination; `team` should be loaded."""
    return {
        "id": str(destination.uuid),
        "name": destination.name,
        "kind": destination.kind,
        "host": destination.host,
        "fingerprint": destination.fingerprint,
        "is_enabled": destination.is_enabled,
        "is_fallback": destination.is_fallback,
        "team": destination.team.name if destination.team else None,
        "failing_since": iso(destination.failing_since_ms),
        "last_answer": destination.last_answer,
        "last_try_at": iso(destination.last_try_at_ms),
        "last_success_at": iso(destination.last_success_at_ms),
        "next_try_at": iso(next_try_at_ms),
        "waiting": waiting,
    }


def _alert(alert: Alert, deliveries: list[dict[str, object]]) -> dict[str, object]:
    group = alert.group
    return {
        "id": str(alert.uuid),
        "group": str(group.uuid) if group else None,
        "rule": alert.rule,
        "severity": alert.severity,
        "state": alert.state,
        "source": alert.source,
        "cluster": _cluster(alert),
        "subject": {
            name: getattr(alert, name) for name in ("kind", "namespace", "name", "node", "workload", "image")
        },
        "sentence": sentence_of(alert),
        "since": iso(alert.since_ms),
        "fired_at": iso(alert.fired_at_ms),
        "unknown_since": iso(alert.unknown_since_ms),
        "resolved_at": iso(alert.resolved_at_ms),
        "taken_by": _taken_by(group),
        "silenced_by": str(alert.silenced_by.uuid) if alert.silenced_by else None,
        "inhibited_by": str(alert.inhibited_by.uuid) if alert.inhibited_by else None,
        "deliveries": deliveries,
    }


def _cluster(alert: Alert) -> dict[str, str] | None:
    cluster = alert.cluster
    if cluster is None:
        return None
    return {"id": str(cluster.uuid), "slug": cluster.slug, "name": cluster.name}


def _taken_by(group: AlertGroup | None) -> str | None:
    return group.taken_by.username if group and group.taken_by else None


def _deliveries(groups: Iterable[int]) -> dict[int, list[dict[str, object]]]:
    found: defaultdict[int, list[dict[str, object]]] = defaultdict(list)
    rows = OutboxMessage.objects.filter(group__in=groups).select_related("destination").defer("body")
    for row in rows.order_by("-pk"):
        if len(found[row.group_id]) < DELIVERIES_SHOWN:
            found[row.group_id].append(_delivery(row))
    return found


def _delivery(row: OutboxMessage) -> dict[str, object]:
    return {
        "id": str(row.uuid),
        "destination": row.destination.name,
        "tells": row.tells,
        "status": row.status,
        "attempts": row.attempts,
        "last_answer": row.last_answer,
        "created_at": iso(row.created_at_ms),
        "ended_at": iso(row.ended_at_ms),
        "next_try_at": iso(row.next_try_at_ms) if row.status == QUEUED else None,
    }


def _trail(alert: Alert) -> list[AlertEvent]:
    """What happened to it and to its group; not to the others of the group, which another may not see."""
    of_group = AlertEvent.objects.filter(group=alert.group, group__isnull=False, alert__isnull=True)
    return list(
        (of_group | AlertEvent.objects.filter(alert=alert)).select_related("user").order_by("at_ms", "pk")
    )


def _event(event: AlertEvent) -> dict[str, object]:
    by = event.user.username if event.user else None
    return {"at": iso(event.at_ms), "what": event.what, "by": by, "params": event.params}
