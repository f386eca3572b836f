"""What pages read from the rows: clusters with their pictures, lists, one object.

Nothing here speaks to a cluster.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest

from clusters.access.visibility import clusters_visible_to, visible_cluster
from clusters.api.events import kubectl_line, latest_events
from clusters.api.moment import one_moment
from clusters.api.queries import FleetResourceQuery, ResourceQuery
from clusters.api.reads import keys_of, listing_of, pictures_of, state_of
from clusters.api.values import values_of
from clusters.models import Cluster, Resource
from clusters.state.fleet import fleet_picture
from clusters.state.parts import is_current, part_of
from clusters.state.picture import cluster_picture
from metrics.sightings import WORKER, is_at_work, last_seen_at_ms

Picture = dict[str, Any]


@dataclass(frozen=True)
class FleetView:
    """Every visible cluster with its picture, and their sum."""

    clusters: list[tuple[Cluster, Picture]]
    fleet: Picture

    @property
    def by_uuid(self) -> dict[str, Cluster]:
        """The clusters by the id that pictures carry."""
        return {str(cluster.uuid): cluster for cluster, _ in self.clusters}


@dataclass(frozen=True)
class ListView:
    """One page of a list. `results` and `clusters` go side by side; `error` says what was asked wrongly."""

    total: int
    results: list[Picture]
    clusters: list[Cluster]
    cursor: str | None
    left_out: int
    error: str


@dataclass(frozen=True)
class DetailView:
    """One object, its latest events, and the command that shows the same."""

    resource: Picture
    events: list[Picture]
    kubectl: str


def read_fleet(user: Any) -> FleetView:
    """The fleet as this user may see it."""
    with one_moment():
        return _fleet(user)


def _fleet(user: Any) -> FleetView:
    clusters = list(clusters_visible_to(user).select_related("state"))
    pairs = [(cluster, picture_of(cluster)) for cluster in clusters]
    return FleetView(pairs, fleet_picture(picture for _, picture in pairs))


def all_causes(view: FleetView) -> list[Picture]:
    """Every cause that is kept, in the order of the fleet's picture, which holds only the first of them."""
    parts = [part_of(picture) for _, picture in view.clusters]
    keys = sorted(key for part in parts for key in part.keys)
    causes: dict[str, Sequence[Any]] = {part.cluster: part.causes for part in parts}
    return [{"cluster": cluster, **causes[cluster][index]} for _, _, cluster, index in keys]


def read_cluster(user: Any, slug: str) -> tuple[Cluster, Picture]:
    """One cluster; 404 where there is none for this user."""
    cluster = visible_cluster(user, slug)
    if cluster is None:
        raise Http404
    return cluster, picture_of(cluster)


def picture_of(cluster: Cluster) -> Picture:
    """The picture of a cluster, with how many objects of each kind it has."""
    values = values_of(cluster)
    by_kind = values.summary.by_kind if values.summary else {}
    return {**cluster_picture(values), "by_kind": {kind: counts.total for kind, counts in by_kind.items()}}


def read_list(request: HttpRequest, slug: str | None, fixed: dict[str, str]) -> ListView:
    """One page of a list of one cluster, or of all that can be read now; `fixed` is what the list is of."""
    asked, error = _asked(request, slug, fixed)
    with one_moment():
        clusters, left_out = _clusters(request, slug)
        found = listing_of(
            [c.pk for c in clusters], asked, keys=keys_of(asked, is_one_cluster=slug is not None)
        )
        results = pictures_of(found.rows, _now_ms())
    by_pk = {cluster.pk: cluster for cluster in clusters}
    owners = [by_pk[row.cluster_id] for row in found.rows]
    return ListView(found.count, results, owners, found.cursor, left_out, error)


def read_detail(user: Any, slug: str, kind: str, uid: str) -> tuple[Cluster, Picture, DetailView]:
    """One object of a cluster; 404 where there is none for this user."""
    with one_moment():
        cluster, picture = read_cluster(user, slug)
        row = Resource.objects.filter(cluster=cluster, kind=kind, uid=uid).first()
        if row is None:
            raise Http404
        resource, *events = pictures_of([row, *latest_events(row)], _now_ms())
    return cluster, picture, DetailView(resource, events, kubectl_line(state_of(row)))


def workers_gone_since() -> int | None:
    """When the last worker was seen (UTC ms), if that is too long ago; None while one is at work.

    Without a worker every cluster keeps the state that it was left in, so pages must say it for all.
    """
    now_ms = _now_ms()
    seen_at_ms = last_seen_at_ms(WORKER, now_ms)
    return None if is_at_work(seen_at_ms, now_ms) else seen_at_ms or 0


def _clusters(request: HttpRequest, slug: str | None) -> tuple[list[Cluster], int]:
    if slug is not None:
        return [read_cluster(request.user, slug)[0]], 0
    view = _fleet(request.user)
    current = [cluster for cluster, picture in view.clusters if is_current(picture)]
    return current, len(view.clusters) - len(current)


def _asked(request: HttpRequest, slug: str | None, fixed: dict[str, str]) -> tuple[dict[str, Any], str]:
    """What is asked for. A wrong filter is said and left out, so that a page stays a page."""
    query_type = ResourceQuery if slug is not None else FleetResourceQuery
    known = query_type().fields
    given = {name: value for name, value in request.GET.items() if name in known and name != "page_size"}
    query = query_type(data={**fixed, **given})
    if query.is_valid():
        return dict(query.validated_data), ""
    error = " ".join(str(fault) for faults in query.errors.values() for fault in faults)
    good = {name: value for name, value in given.items() if name not in query.errors}
    query = query_type(data={**fixed, **good})
    query.is_valid(raise_exception=True)
    return dict(query.validated_data), error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
