"""One alert's page: what, where, since, what is affected, what to do, who was told, what happened."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Max
from django.http import Http404
from django.urls import reverse

from clusters.access.models import User
from clusters.access.visibility import clusters_visible_to, users_who_see
from clusters.models import Cluster
from clusters.state.picture import iso
from metrics.alerts import wording
from metrics.alerts.labelled import place_called
from metrics.alerts.models import Alert, AlertEvent, AlertGroup
from metrics.alerts.rules import rulebook
from metrics.alerts.seeing import alerts_visible_to, groups_visible_to
from metrics.alerts.values import FIRING, RESOLVED, SEVERITIES, UNKNOWN
from metrics.notify.models import DELIVERED, QUEUED, OutboxMessage
from portal.pages import links
from portal.pages.alerts import words
from portal.pages.alerts.inbox import OPEN, Members, members_of

AFFECTED_SHOWN = 100
TRAIL_SHOWN = 100
RELATED_SHOWN = 5
PEOPLE_SHOWN = 200
SENT_LABELS_SHOWN = 30
LONGEST_LABEL = 200
SEEN_BEFORE_MS = 90 * 86_400_000


@dataclass(frozen=True)
class Affected:
    """One object that alerts of the group are about."""

    shape: str
    name: str
    href: str
    cluster: str
    cluster_href: str
    namespace: str
    rule: str
    sentence: str
    state: str
    since: str | None


@dataclass(frozen=True)
class Line:
    """One line of the trail."""

    at: str | None
    text: str
    by: str


@dataclass(frozen=True)
class Sent:
    """What one destination was last told, or shall be."""

    destination: str
    tells: str
    status: str
    attempts: int
    answer: str
    at: str | None
    next_try: str | None


def group_of(user: User, uuid: UUID) -> AlertGroup:
    """The group, if this user may see an alert of it; to anybody else it is not there."""
    group = groups_visible_to(user).select_related("taken_by").filter(uuid=uuid).first()
    if group is None:
        raise Http404
    return group


def page_of(user: User, group: AlertGroup, *, now_ms: int) -> dict[str, Any]:
    """All that the page shows of one group."""
    alerts = alerts_visible_to(user).filter(group=group)
    current = alerts if group.state == RESOLVED else alerts.filter(state__in=OPEN)
    members = members_of(current).get(group.pk)
    if members is None:
        raise Http404
    face = Alert.objects.select_related("cluster", "silenced_by__author", "inhibited_by").get(pk=members.face)
    rule = rulebook().get(face.rule)
    clusters = list(
        Cluster.objects.filter(pk__in=[pk for pk in members.clusters if pk is not None]).order_by("name")
    )
    count = members.rules[face.rule]
    return {
        "group": group,
        "face": face,
        "name": words.name_of(face.rule),
        "shape": words.shape_of(
            severity=members.severity, state=_state(group, members.states), is_quiet=members.is_quiet
        ),
        "severity": words.severity_word(members.severity),
        "state": words.state_word(_state(group, members.states)),
        "sentence": words.sentence_of(face.rule, face.params, count),
        "where": words.where([cluster.name for cluster in clusters], face.labels),
        "clusters": [(cluster.name, reverse("cluster", args=[cluster.slug])) for cluster in clusters[:10]],
        "since": iso(members.since_ms),
        "resolved_at": iso(group.resolved_at_ms),
        "resolved_reason": group.resolved_reason,
        "silence": face.silenced_by if members.is_quiet else None,
        "silenced_until": iso(face.silenced_by.ends_at_ms) if face.silenced_by else None,
        "behind": _behind(user, face) if members.is_quiet else None,
        **_affected_table(current, members),
        "advice": wording.advice(rule, face.params) if rule else "",
        "command": wording.command(rule, face.params) if rule else "",
        "runbook": rule.runbook if rule else str(face.params.get("runbook_url", "")),
        "labels": _labels(members.severity, clusters, face),
        "trail": _trail(user, group),
        "sent": _sent(group),
        "told": _told(group),
        "keeps_quiet": alerts_visible_to(user).filter(inhibited_by=group, state__in=OPEN).count(),
        "related": _related(user, group, members.clusters),
        **_seen_before(user, group, now_ms),
    }


def people_for(user: User, group: AlertGroup) -> list[str]:
    """The names of those who may see what this user sees of the group, and could take it."""
    seen = alerts_visible_to(user).filter(group=group, cluster__isnull=False)
    clusters = Cluster.objects.filter(pk__in=seen.values("cluster"))
    people = users_who_see(clusters) if clusters else User.objects.filter(is_active=True, is_superuser=True)
    return list(people.order_by("username").values_list("username", flat=True)[:PEOPLE_SHOWN])


def _state(group: AlertGroup, states: set[str]) -> str:
    if group.state == RESOLVED or not states & {FIRING, UNKNOWN}:
        return RESOLVED
    return FIRING if FIRING in states else UNKNOWN


def _affected_table(alerts: Any, members: Members) -> dict[str, Any]:
    """What is affected, each object once, and which columns tell one row from another."""
    total = alerts.order_by().values("cluster_id", "kind", "namespace", "name").distinct().count()
    rows = _affected(alerts)
    return {
        "total": total,
        "affected": rows,
        "left_out": total - len(rows),
        "has_namespaces": any(row.namespace for row in rows),
        "has_clusters": len(members.clusters) > 1 or len({row.cluster for row in rows}) > 1,
        "has_rules": len(members.rules) > 1,
    }


def _affected(alerts: Any) -> list[Affected]:
    """The worst alert of each object, with the names of all rules that it is in trouble by."""
    found = alerts.select_related("cluster").order_by("since_ms", "pk")[:AFFECTED_SHOWN]
    by_object: defaultdict[tuple[object, ...], list[Alert]] = defaultdict(list)
    for alert in sorted(found, key=_order):
        by_object[alert.cluster_id, alert.kind, alert.namespace, alert.name].append(alert)
    return [_row(same) for same in by_object.values()]


def _order(alert: Alert) -> tuple[bool, int, str]:
    """What is open first, then the worst."""
    name = alert.cluster.name if alert.cluster else ""
    return alert.state == RESOLVED, SEVERITIES.index(alert.severity), name


def _row(same: Sequence[Alert]) -> Affected:
    alert = same[0]
    cluster = alert.cluster
    return Affected(
        shape=words.shape_of(
            severity=alert.severity,
            state=alert.state,
            is_quiet=alert.silenced_by_id is not None or alert.inhibited_by_id is not None,
        ),
        name=_called(alert),
        href=_object_href(alert),
        cluster=cluster.name if cluster else place_called(alert.labels),
        cluster_href=reverse("cluster", args=[cluster.slug]) if cluster else "",
        namespace=alert.namespace,
        rule=", ".join(dict.fromkeys(words.name_of(one.rule) for one in same)),
        sentence=words.sentence_of(alert.rule, alert.params),
        state=words.state_word(alert.state),
        since=iso(min(one.since_ms for one in same)),
    )


def _called(alert: Alert) -> str:
    """What an alert is about; what concerns a cluster as a whole is called as the cluster."""
    return alert.name or (alert.cluster.name if alert.cluster else words.where([], alert.labels))


def _object_href(alert: Alert) -> str:
    """The list of its kind with just it; of a cluster, its page."""
    if alert.cluster is None:
        return ""
    slug = alert.cluster.slug
    if not alert.name or alert.kind == "Cluster":
        return reverse("cluster", args=[slug])
    path = links.list_of_kind(alert.kind, slug)
    asked = {key: value for key, value in (("namespace", alert.namespace), ("q", alert.name)) if value}
    return f"{path}{'&' if '?' in path else '?'}{urlencode(asked)}"


def _behind(user: User, face: Alert) -> tuple[str, str] | None:
    """The cause that keeps it quiet, where this user may see it."""
    if face.inhibited_by is None:
        return None
    if not groups_visible_to(user).filter(pk=face.inhibited_by.pk).exists():
        return None
    return words.name_of(face.inhibited_by.rule), reverse("alert", args=[face.inhibited_by.uuid])


def _labels(severity: str, clusters: list[Cluster], face: Alert) -> list[str]:
    """The severity, the labels that all of its clusters share, and those that its leading alert came with."""
    shared = [set(cluster.labels.items()) for cluster in clusters]
    common = set.intersection(*shared) if shared else set()
    sent = sorted(f"{key}={value}"[:LONGEST_LABEL] for key, value in face.labels.items() if key != "severity")
    return [
        f"severity={severity}",
        *sorted(f"{key}={value}" for key, value in common),
        *sent[:SENT_LABELS_SHOWN],
    ]


def _trail(user: User, group: AlertGroup) -> list[Line]:
    """What happened to the group and to the alerts of it that are visible, newest first."""
    seen = alerts_visible_to(user).filter(group=group).values("pk")
    events = AlertEvent.objects.filter(group=group)
    events = events.filter(alert__isnull=True) | events.filter(alert__in=seen)
    rows = events.select_related("user", "alert__cluster", "group").order_by("-at_ms", "-pk")[:TRAIL_SHOWN]
    return [_line(event) for event in rows]


def _line(event: AlertEvent) -> Line:
    by = event.user.get_username() if event.user else ""
    rule = event.group.rule if event.group else ""
    what = words.name_of(rule)
    if event.alert:
        what = _called(event.alert)
        if event.alert.rule != rule:
            what = f"{what} ({words.name_of(event.alert.rule)})"
    text = words.trail_line(event.what, {"what": what, "by": by or "The operator", **event.params})
    return Line(iso(event.at_ms), text, by)


def _sent(group: AlertGroup) -> list[Sent]:
    rows = (
        OutboxMessage.objects.filter(group=group).select_related("destination").defer("body").order_by("-pk")
    )
    latest: dict[int, OutboxMessage] = {}
    for row in rows[:200]:
        latest.setdefault(row.destination_id, row)
    return [
        Sent(
            destination=row.destination.name,
            tells=row.tells.replace("_", " "),
            status=row.status,
            attempts=row.attempts,
            answer=row.last_answer,
            at=iso(row.ended_at_ms or row.created_at_ms),
            next_try=iso(row.next_try_at_ms) if row.status == QUEUED else None,
        )
        for row in latest.values()
    ]


def _told(group: AlertGroup) -> list[tuple[str, str | None]]:
    """Who was told first, and when."""
    rows = OutboxMessage.objects.filter(group=group, status=DELIVERED).order_by("pk")
    found: dict[str, str | None] = {}
    for name, at_ms in rows.values_list("destination__name", "ended_at_ms")[:50]:
        found.setdefault(name, iso(at_ms))
    return list(found.items())[:3]


def _related(user: User, group: AlertGroup, clusters: dict[int | None, int]) -> list[tuple[str, str, str]]:
    """Other open causes in the same clusters, but for those that this one keeps quiet."""
    visible = clusters_visible_to(user).filter(pk__in=[pk for pk in clusters if pk is not None])
    others = groups_visible_to(user).filter(state__in=OPEN, alerts__cluster__in=visible)
    rows = (
        others.exclude(pk=group.pk)
        .exclude(alerts__inhibited_by=group)
        .distinct()
        .order_by("-since_ms")[:RELATED_SHOWN]
    )
    return [
        (
            words.shape_of(severity=row.severity, state=row.state),
            " ".join(filter(None, (words.name_of(row.rule), _subject_of(row)))),
            reverse("alert", args=[row.uuid]),
        )
        for row in rows
    ]


def _subject_of(group: AlertGroup) -> str:
    """The workload or image that a cause is about, by which several of one rule are told apart."""
    if group.cause == "image":
        return group.key.partition(":")[2]
    return group.key.rpartition("/")[2] if group.cause == "workload" else ""


def _seen_before(user: User, group: AlertGroup, now_ms: int) -> dict[str, Any]:
    earlier = groups_visible_to(user).filter(key=group.key, opened_at_ms__gte=now_ms - SEEN_BEFORE_MS)
    found = earlier.filter(opened_at_ms__lt=group.opened_at_ms).aggregate(
        n=Count("pk"), last=Max("opened_at_ms")
    )
    return {"seen_times": found["n"], "seen_last": iso(found["last"])}
