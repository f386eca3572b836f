"""Lists of objects from the rows: which, in which order, how many. Every path here has its index."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from clusters.api.paging import Page, page_of
from clusters.api.queries import WORKLOADS
from clusters.api.usage import usage_of
from clusters.kinds import all_kinds, decode_record
from clusters.kinds.picture import resource_picture
from clusters.models import Resource
from clusters.state.resource import Resource as State

WORKLOAD_KINDS = ("CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet")
KINDS_WITH_USAGE = ("Pod", "Node")

FEW = 5_000
"""So many rows are sorted in a few ms; more are better read in the order of an index."""


@dataclass(frozen=True)
class Listing:
    """One page of a list, and how many there are in all."""

    count: int
    rows: list[Resource]
    cursor: str | None


def listing_of(cluster_ids: Collection[int], asked: dict[str, Any], *, keys: tuple[str, ...]) -> Listing:
    """The objects of these clusters that meet what was asked."""
    rows, healths = _rows(cluster_ids, asked), asked.get("health", ())
    chosen = rows.filter(health__in=healths) if healths else rows
    count = chosen.count()
    if healths and count > FEW:
        chosen = _in_order_of_names(rows, healths)
    page: Page[Resource] = page_of(chosen, keys, size=asked["page_size"], cursor=asked.get("cursor", ""))
    return Listing(count, page.rows, page.cursor)


def _rows(cluster_ids: Collection[int], asked: dict[str, Any]) -> QuerySet[Resource]:
    """All that was asked but health."""
    rows = Resource.objects.filter(_of_clusters(cluster_ids))
    if asked.get("node"):
        # The index of nodes leaves out rows without one, and is only used where the query does too;
        # the one of kinds must not look better, as a node has few rows of a kind.
        rows = rows.filter(~Q(node=""), node=asked["node"]).alias(of_kind=_unindexed("kind"))
        rows = rows.filter(_of_kinds(asked, column="of_kind"))
    else:
        rows = rows.filter(_of_kinds(asked, column="kind"))
    exact = {name: asked[name] for name in ("namespace", "workload", "reason") if asked.get(name)}
    rows = rows.filter(**exact)
    return rows.filter(name__icontains=asked["q"]) if asked.get("q") else rows


def keys_of(asked: dict[str, Any], *, is_one_cluster: bool) -> tuple[str, ...]:
    """What a list is ordered by: what all its rows share is left out, so that the index fits."""
    kinds = asked.get("kind", ())
    is_one_kind = len(kinds) == 1 and kinds[0] != WORKLOADS
    return (
        *(() if is_one_cluster else ("cluster_id",)),
        *(() if is_one_kind else ("kind",)),
        "namespace",
        "name",
        "id",
    )


def pictures_of(rows: Collection[Resource], now_ms: int) -> list[dict[str, object]]:
    """The rows as REST shows them, with what they use now."""
    clusters_by_kind = {
        kind: {row.cluster_id for row in rows if row.kind == kind} for kind in KINDS_WITH_USAGE
    }
    usage = {kind: usage_of(kind, cluster_ids) for kind, cluster_ids in clusters_by_kind.items()}
    return [
        resource_picture(
            state_of(row),
            now_ms=now_ms,
            usage=usage.get(row.kind, {}).get(row.cluster_id, {}).get((row.namespace, row.name)),
        )
        for row in rows
    ]


def state_of(row: Resource) -> State:
    """The object that a row holds."""
    return decode_record(row.kind, row.record)


def _of_clusters(cluster_ids: Collection[int]) -> Q:
    ids = list(cluster_ids)
    return Q(cluster_id=ids[0]) if len(ids) == 1 else Q(cluster_id__in=ids)


def _of_kinds(asked: dict[str, Any], *, column: str) -> Q:
    kinds = asked.get("kind", ())
    if not kinds:
        # The index of health begins with the kind, so each kind is named.
        every = [kind.name for kind in all_kinds()]
        return Q(**{f"{column}__in": every}) if asked.get("health") else Q()
    plain = [kind for kind in kinds if kind != WORKLOADS]
    if len(kinds) == 1 and plain:
        return Q(**{column: plain[0]})
    chosen = Q(**{f"{column}__in": plain})
    if WORKLOADS in kinds:
        chosen |= Q(**{f"{column}__in": WORKLOAD_KINDS}) & ~Q(Q(kind="Job") & ~Q(workload=""))
    return chosen


def _in_order_of_names(rows: QuerySet[Resource], healths: Collection[str]) -> QuerySet[Resource]:
    """The same, asked so that the index of health is not tempting: all would be sorted for each page."""
    return rows.alias(plain_health=_unindexed("health")).filter(plain_health__in=healths)


def _unindexed(column: str) -> F | Coalesce:
    """A column as no index knows it. SQLite gathers no figures and must be told; PostgreSQL has them."""
    return Coalesce(column, Value("")) if connection.vendor == "sqlite" else F(column)
