"""REST over clusters and what is in them. All from rows: no view here speaks to a cluster."""

import time
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clusters.access.selectors import matches, parse_selector
from clusters.access.visibility import clusters_visible_to, visible_cluster
from clusters.api import shapes
from clusters.api.events import kubectl_line, latest_events
from clusters.api.moment import one_moment
from clusters.api.paging import next_address, page_of
from clusters.api.queries import ClusterQuery, FleetResourceQuery, NoQuery, ResourceQuery, understood
from clusters.api.reads import keys_of, listing_of, pictures_of, state_of
from clusters.api.values import named_picture, values_of
from clusters.models import Cluster, Resource
from clusters.state.fleet import fleet_picture
from clusters.state.parts import READ_STATES
from clusters.state.picture import cluster_picture, iso
from clusters.state.resource import NO_DATA


class FleetView(APIView):
    """All clusters that you may see, together."""

    @extend_schema(
        operation_id="fleet", responses=shapes.FleetShape, summary="The fleet: totals, causes, verdict"
    )
    def get(self, request: Request) -> Response:
        """The fleet now."""
        understood(request, NoQuery)
        with one_moment():
            clusters = clusters_visible_to(request.user).select_related("state")
            pictures = [cluster_picture(values_of(cluster)) for cluster in clusters]
        return Response(fleet_picture(pictures))


class ClusterListView(APIView):
    """The clusters that you may see."""

    @extend_schema(
        operation_id="clusters",
        parameters=[ClusterQuery],
        responses=shapes.ClusterPageShape,
        summary="Clusters, by name",
    )
    def get(self, request: Request) -> Response:
        """One page of them."""
        asked = understood(request, ClusterQuery)
        with one_moment():
            clusters = _clusters(request, asked)
            count = clusters.count()
            page = page_of(
                clusters.select_related("state"), ("name", "id"), size=asked["page_size"],
                cursor=asked.get("cursor", ""),
            )  # fmt: skip
        results = [named_picture(cluster) for cluster in page.rows]
        return Response({"count": count, "next": next_address(request, page.cursor), "results": results})


class ClusterView(APIView):
    """One cluster."""

    @extend_schema(operation_id="cluster", responses=shapes.ClusterShape, summary="One cluster")
    def get(self, request: Request, slug: str) -> Response:
        """The cluster now."""
        understood(request, NoQuery)
        return Response(named_picture(_cluster(request, slug)))


class ResourceListView(APIView):
    """The objects of one cluster."""

    @extend_schema(
        operation_id="cluster_resources",
        parameters=[ResourceQuery],
        responses=shapes.ResourcePageShape,
        summary="Objects of one cluster",
    )
    def get(self, request: Request, slug: str) -> Response:
        """One page of them; count, rows and `as_of` are of one moment."""
        asked = understood(request, ResourceQuery)
        with one_moment():
            cluster = _cluster(request, slug)
            found = listing_of([cluster.pk], asked, keys=keys_of(asked, is_one_cluster=True))
            results = pictures_of(found.rows, _now_ms())
        values = values_of(cluster)
        return Response(
            {
                "count": found.count,
                "next": next_address(request, found.cursor),
                "as_of": iso(values.taken_at_ms),
                "place": f"{values.fence}.{values.number}",
                "results": results,
            }
        )


class FleetResourceListView(APIView):
    """The objects of all clusters that you may see."""

    @extend_schema(
        operation_id="resources",
        parameters=[FleetResourceQuery],
        responses=shapes.FleetResourcePageShape,
        summary="Objects of the fleet",
    )
    def get(self, request: Request) -> Response:
        """One page of them, cluster by cluster."""
        asked = understood(request, FleetResourceQuery)
        with one_moment():
            clusters = {cluster.pk: cluster for cluster in _clusters_of(request, asked.get("cluster", ()))}
            found = listing_of(clusters, asked, keys=keys_of(asked, is_one_cluster=False))
            results = pictures_of(found.rows, _now_ms())
        names = {pk: _name(cluster) for pk, cluster in clusters.items()}
        return Response(
            {
                "count": found.count,
                "next": next_address(request, found.cursor),
                "as_of": iso(max(map(_taken_at_ms, clusters.values()), default=0) or None),
                "results": [
                    {**result, "cluster": names[row.cluster_id]}
                    for result, row in zip(results, found.rows, strict=True)
                ],
            }
        )


class ResourceView(APIView):
    """One object."""

    @extend_schema(
        operation_id="resource",
        responses=shapes.ResourceDetailShape,
        summary="One object, with its latest events",
    )
    def get(self, request: Request, slug: str, kind: str, uid: str) -> Response:
        """The object now, its latest events and the kubectl command that shows the same."""
        understood(request, NoQuery)
        with one_moment():
            cluster = _cluster(request, slug)
            row = Resource.objects.filter(cluster=cluster, kind=kind.partition(".")[0], uid=uid).first()
            if row is None or kind not in (row.kind, f"{row.kind}.{row.group}"):
                raise Http404
            now_ms = _now_ms()
            picture, *events = pictures_of([row, *latest_events(row)], now_ms)
        return Response(
            {
                **picture,
                "cluster": _name(cluster),
                "events": events,
                "kubectl": kubectl_line(state_of(row)),
                "as_of": iso(values_of(cluster).taken_at_ms),
            }
        )


def _cluster(request: Request, slug: str) -> Cluster:
    """The cluster, if this user may see it; to anybody else it is not there."""
    cluster = visible_cluster(request.user, slug)
    if cluster is None:
        raise Http404
    return cluster


def _clusters(request: Request, asked: dict[str, Any]) -> Any:
    clusters = clusters_visible_to(request.user)
    if asked.get("health"):
        clusters = clusters.filter(state__health__in=asked["health"])
    if asked.get("q"):
        clusters = clusters.filter(name__icontains=asked["q"])
    if asked.get("selector"):
        wanted = parse_selector(asked["selector"])
        labelled = clusters.values_list("pk", "labels")
        clusters = clusters.filter(pk__in=[pk for pk, labels in labelled if matches(wanted, labels or {})])
    return clusters


def _clusters_of(request: Request, slugs: tuple[str, ...]) -> Any:
    """The clusters asked for by name; else those with current data, as the fleet's totals count them."""
    clusters = clusters_visible_to(request.user).select_related("state").defer("state__summary")
    if slugs:
        return clusters.filter(slug__in=slugs)
    current = clusters.filter(state__connection__in=READ_STATES, state__taken_at_ms__isnull=False)
    return current.exclude(state__health=NO_DATA)


def _name(cluster: Cluster) -> dict[str, str]:
    return {"id": str(cluster.uuid), "slug": cluster.slug, "name": cluster.name}


def _taken_at_ms(cluster: Cluster) -> int:
    state = getattr(cluster, "state", None)
    return (state.taken_at_ms if state else None) or 0


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
