"""What the attention lists say of alerts: who is on a cause, and what fires that no list of causes has."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from clusters.access.models import User
from clusters.state.picture import iso
from metrics.alerts.models import Alert, AlertGroup
from metrics.alerts.seeing import alerts_visible_to
from metrics.alerts.values import SEVERITIES
from portal.pages.alerts import words
from portal.pages.alerts.inbox import OPEN

TOLD = ("critical", "warning")
"""What needs attention; the inbox has the rest too."""
ROWS_SHOWN = 5

Picture = dict[str, Any]


class Place(NamedTuple):
    """Where a cause and an alert meet: a cluster (its UUID), and its nodes, a workload in it, or itself."""

    cluster: str
    namespace: str
    about: str


class Fire(NamedTuple):
    """An open group, an alert of it, and how many of the alert's rule are in the group."""

    group: AlertGroup
    alert: Alert
    alike: int


@dataclass(frozen=True)
class Standing:
    """An alert's group as an attention list shows it."""

    href: str
    owner: str
    shape: str
    name: str
    where: str
    where_href: str
    sentence: str
    since: str | None


class Standings:
    """The open groups that somebody should look at, as this user may see them."""

    def __init__(self, user: User | AnonymousUser) -> None:
        self._groups = _open_groups(user)

    @property
    def firing(self) -> int:
        """How many there are."""
        return len({fire.group.pk for fire in self._groups.values()})

    @property
    def unowned(self) -> int:
        """How many of them nobody is on."""
        return len({fire.group.pk for fire in self._groups.values() if fire.group.taken_by_id is None})

    def of(self, causes: Sequence[Picture], cluster: str = "") -> list[Standing | None]:
        """For each cause its group, or None where no rule fires of it (yet). `cluster` is that of all."""
        found = [self._groups.get(_place_of(cause, cause.get("cluster") or cluster)) for cause in causes]
        return [None if fire is None else _standing(fire) for fire in found]

    def beside(self, causes: Iterable[Picture], clusters: Mapping[str, Any]) -> list[Standing]:
        """What fires beside the causes, worst and newest first; of the given clusters (UUIDs) alone."""
        told = {_place_of(cause, cause["cluster"]) for cause in causes}
        known = {fire.group.pk for place, fire in self._groups.items() if place in told}
        rest: dict[int, Fire] = {}
        for place, fire in self._groups.items():
            if fire.group.pk not in known and (not place.cluster or place.cluster in clusters):
                rest.setdefault(fire.group.pk, fire)
        first = sorted(
            rest.values(), key=lambda fire: (SEVERITIES.index(fire.group.severity), -fire.group.since_ms)
        )
        return [_standing(fire) for fire in first[:ROWS_SHOWN]]


def _open_groups(user: User | AnonymousUser) -> dict[Place, Fire]:
    """Each place where something fires with the worst group there, and an alert of it."""
    alerts = list(
        alerts_visible_to(user)
        .filter(state__in=OPEN, group__isnull=False, severity__in=TOLD, silenced_by=None, inhibited_by=None)
        .select_related("group", "group__taken_by", "cluster")
        .order_by("since_ms")[:2_000]
    )
    counts = Counter((alert.group_id, alert.rule) for alert in alerts)
    found: dict[Place, Fire] = {}
    for alert in sorted(alerts, key=lambda one: SEVERITIES.index(one.severity)):
        if alert.group is not None:
            fire = Fire(alert.group, alert, counts[alert.group_id, alert.rule])
            found.setdefault(_place_of_alert(alert), fire)
    return found


def _place_of(cause: Picture, cluster: str) -> Place:
    if cause["kind"] in ("Node", "Cluster"):
        return Place(cluster, "", str(cause["kind"]))
    return Place(cluster, str(cause["namespace"]), f"{cause['kind']}/{cause['name']}")


def _place_of_alert(alert: Alert) -> Place:
    cluster = str(alert.cluster.uuid) if alert.cluster else ""
    if alert.kind == "Cluster" and alert.rule != "cluster-unreachable":
        return Place(cluster, "", alert.rule)
    if alert.kind in ("Node", "Cluster"):
        return Place(cluster, "", alert.kind)
    return Place(cluster, alert.namespace, alert.workload or f"{alert.kind}/{alert.name}")


def _standing(fire: Fire) -> Standing:
    group, alert, alike = fire
    return Standing(
        href=reverse("alert", args=[group.uuid]),
        owner=group.taken_by.get_username() if group.taken_by else "",
        shape=words.shape_of(severity=group.severity, state=group.state),
        name=words.name_of(alert.rule),
        where=words.where([alert.cluster.name] if alert.cluster else [], alert.labels),
        where_href=reverse("cluster", args=[alert.cluster.slug]) if alert.cluster else reverse("alerts"),
        sentence=words.sentence_of(alert.rule, alert.params, alike),
        since=iso(group.since_ms),
    )
