"""What pods and nodes use right now, from whoever keeps it: a layer above us, so it brings itself."""

from collections.abc import Callable, Collection, Mapping

UsageOfCluster = Mapping[tuple[str, str], tuple[float | None, int | None]]
"""Namespace and name to CPU cores and memory bytes; None is unknown."""
UsageSource = Callable[[str, Collection[int]], Mapping[int, UsageOfCluster]]
"""Kind and cluster ids to the latest usage of each cluster."""


def _unknown(kind: str, cluster_ids: Collection[int]) -> Mapping[int, UsageOfCluster]:
    return {}


_source: UsageSource = _unknown


def take_usage_from(source: UsageSource) -> None:
    """Ask this source from now on. metrics calls it once, when it starts."""
    global _source
    _source = source


def usage_of(kind: str, cluster_ids: Collection[int]) -> Mapping[int, UsageOfCluster]:
    """The latest usage of all objects of a kind, by cluster; a cluster nobody knows of is left out."""
    return _source(kind, cluster_ids) if cluster_ids else {}
