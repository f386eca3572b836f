"""What pods and nodes use right now: the newest round and the newest tick of each cluster."""

import functools
import logging
import time
from collections.abc import Collection, Mapping

from django.db.models import Max

from clusters.api.usage import UsageOfCluster
from metrics.models import SeriesTick, UsageRound
from metrics.packing import StoredFormatError
from metrics.series.figures import figure_named
from metrics.series.ticks import unpack_tick
from metrics.usage.rounds import unpack

NOW_IS_MS = 5 * 60_000
"""Older usage is not what is used now, and so unknown."""

_NODE = "Node/"
_KEPT = 512
_log = logging.getLogger(__name__)


def latest_usage(kind: str, cluster_ids: Collection[int]) -> Mapping[int, UsageOfCluster]:
    """For clusters.api.usage: by cluster, what each pod or node uses."""
    model = {"Pod": UsageRound, "Node": SeriesTick}[kind]
    read = {"Pod": _pods, "Node": _nodes}[kind]
    rows = model._default_manager.filter(
        cluster_id__in=cluster_ids, at_ms__gte=time.time_ns() // 1_000_000 - NOW_IS_MS
    )
    newest = rows.values_list("cluster_id").annotate(Max("at_ms"))
    return {cluster_id: read(cluster_id, at_ms) for cluster_id, at_ms in newest}


@functools.lru_cache(maxsize=_KEPT)
def _pods(cluster_id: int, at_ms: int) -> UsageOfCluster:
    """A round never changes once it is written, so the pages of a minute unpack it once."""
    rounds = UsageRound.objects.filter(cluster_id=cluster_id, at_ms=at_ms)
    blob = rounds.values_list("pods", flat=True).first()
    try:
        return unpack(blob) if blob else {}
    except StoredFormatError as error:
        _log.warning("The pod usage of cluster %s cannot be read: %s", cluster_id, error)
        return {}


@functools.lru_cache(maxsize=_KEPT)
def _nodes(cluster_id: int, at_ms: int) -> UsageOfCluster:
    ticks = SeriesTick.objects.filter(cluster_id=cluster_id, at_ms=at_ms)
    blob = ticks.values_list("points", flat=True).first()
    try:
        points = unpack_tick(blob) if blob else {}
    except StoredFormatError as error:
        _log.warning("The node usage of cluster %s cannot be read: %s", cluster_id, error)
        return {}
    return {
        ("", subject.removeprefix(_NODE)): _amounts(units)
        for subject, units in points.items()
        if subject.startswith(_NODE)
    }


def _amounts(units: Mapping[int, int | None]) -> tuple[float | None, int | None]:
    cores, used = figure_named("cpu_used_cores"), figure_named("memory_used_bytes")
    used_bytes = used.from_units(units.get(used.code))
    return cores.from_units(units.get(cores.code)), None if used_bytes is None else round(used_bytes)
