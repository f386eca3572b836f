"""Routes as rows: asked for, added, removed. Each change is audited in its own transaction."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from clusters.access.models import Grant, Team, User
from clusters.access.selectors import LONGEST_SELECTOR, SelectorError, matches, parse_selector
from clusters.models import Cluster
from metrics.alerts.audit import audit
from metrics.alerts.due import look_again
from metrics.alerts.values import SEVERITIES
from metrics.notify.models import Destination, Route
from metrics.notify.routes import Hours, HoursError, RouteFacts, checked_hours


class RouteError(ValueError):
    """A route that cannot be; the message says why and what would do."""


@dataclass(frozen=True)
class Wanted:
    """What a route asks of an alert. What is left out asks nothing."""

    is_default: bool = False
    cluster: Cluster | None = None
    selector: str = ""
    namespace: str = ""
    team: Team | None = None
    severities: tuple[str, ...] = ()
    hours: Hours | None = None


def add_route(destination: Destination, wanted: Wanted, *, user: User | None, via: str, now_ms: int) -> Route:
    """Lead alerts to a destination, those that are open too. Raises RouteError."""
    _check(wanted)
    with transaction.atomic():
        route = Route.objects.create(
            destination=destination,
            is_default=wanted.is_default,
            cluster=wanted.cluster,
            selector=wanted.selector,
            namespace=wanted.namespace,
            team=wanted.team,
            severities=list(wanted.severities),
            hours=asdict(wanted.hours) if wanted.hours else None,
            created_at_ms=now_ms,
        )
        _note(route, "route_added", user=user, via=via, now_ms=now_ms)
        look_again(now_ms)
    return route


def remove_route(route: Route, *, user: User | None, via: str, now_ms: int) -> None:
    """Lead nothing by it any more."""
    with transaction.atomic():
        _note(route, "route_removed", user=user, via=via, now_ms=now_ms)
        route.delete()
        look_again(now_ms)


def described(route: Route) -> str:
    """What a route takes, in words.

    A route without anything set takes all alerts of ordinary severity.
    """
    parts = [
        "what no other route takes" if route.is_default else "",
        f"cluster {route.cluster.slug}" if route.cluster else "",
        f"clusters with {route.selector}" if route.selector else "",
        f"namespace {route.namespace}" if route.namespace else "",
        f"clusters of team {route.team.name}" if route.team else "",
        f"severity {', '.join(route.severities)}" if route.severities else "",
        _hours_words(route.hours) if route.hours else "",
    ]
    return ", ".join(part for part in parts if part) or "everything"


def _hours_words(hours: dict[str, Any]) -> str:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    days = ",".join(names[day] for day in hours["days"])
    first, last = hours["from_minute"], hours["to_minute"]
    return f"{days} {first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02} {hours['zone']}"


def route_facts() -> list[RouteFacts]:
    """All routes as alerts are asked about them; one that cannot be understood takes nothing."""
    rows = Route.objects.select_related("cluster").order_by("pk")
    visible = _Visible()
    found = []
    for route in rows:
        try:
            found.append(_facts(route, visible))
        except (SelectorError, HoursError, KeyError, TypeError):
            continue
    return found


def _facts(route: Route, visible: "_Visible") -> RouteFacts:
    facts = RouteFacts(
        id=route.pk,
        destination=route.destination_id,
        is_default=route.is_default,
        cluster=str(route.cluster.uuid) if route.cluster else None,
        requirements=parse_selector(route.selector) if route.selector else None,
        namespace=route.namespace,
        severities=tuple(route.severities),
    )
    if route.team_id is not None:
        facts = replace(facts, clusters=visible.to(route.team_id))
    if route.hours:
        parts = ("days", "from_minute", "to_minute", "zone")
        facts = replace(facts, hours=checked_hours(*(route.hours[part] for part in parts)))
    return facts


class _Visible:
    """The clusters that teams may see, read once."""

    def __init__(self) -> None:
        self._clusters: list[tuple[int, str, dict[str, str]]] | None = None

    def to(self, team_id: int) -> frozenset[str]:
        """UUIDs of those that a team was granted whole, by name or by selector."""
        if self._clusters is None:
            rows = Cluster.objects.values_list("pk", "uuid", "labels")
            self._clusters = [(pk, str(uuid), labels or {}) for pk, uuid, labels in rows]
        found: set[str] = set()
        for grant in Grant.objects.filter(team_id=team_id):
            if grant.namespaces is None:
                found.update(uuid for pk, uuid, labels in self._clusters if _is_granted(grant, pk, labels))
        return frozenset(found)


def _is_granted(grant: Grant, cluster_id: int, labels: dict[str, str]) -> bool:
    if grant.cluster_id is not None:
        return grant.cluster_id == cluster_id
    try:
        return matches(parse_selector(grant.selector), labels)
    except SelectorError:
        return False


def _check(wanted: Wanted) -> None:
    unknown = [severity for severity in wanted.severities if severity not in SEVERITIES[:-1]]
    if unknown:
        raise RouteError(f"A severity is one of {', '.join(SEVERITIES[:-1])}, not {unknown[0][:20]!r}.")
    if len(wanted.namespace) > 63:
        raise RouteError("A namespace has at most 63 characters.")
    if wanted.selector:
        try:
            parse_selector(wanted.selector[: LONGEST_SELECTOR + 1])
        except SelectorError as error:
            raise RouteError(str(error)) from None


def _note(route: Route, action: str, *, user: User | None, via: str, now_ms: int) -> None:
    params = {"destination": route.destination.name, "takes": described(route)}
    audit(user=user, via=via, action=action, subject=str(route.uuid), params=params, now_ms=now_ms)
