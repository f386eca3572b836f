"""What time asks of everything that is kept: joining, packing, making coarser, forgetting.

Called about once a minute. Each part has its minutes, so that no minute has all the work; what a missed
minute leaves undone, a later one does. Nothing here holds the database for longer than 100 ms.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from clusters.models import Cluster
from metrics import storage
from metrics.alerts import abandoned, receiving
from metrics.journal import compaction, retention
from metrics.packing import StoredFormatError
from metrics.series import hours, rollup
from metrics.usage import rounds

log = logging.getLogger(__name__)


class _Part(NamedTuple):
    """One kind of work: done in the minutes that leave `minute` when divided by `every_minutes`."""

    name: str
    work: Callable[[int], int]
    every_minutes: int
    minute: int


def keep(now_ms: int) -> None:
    """Do what is due this minute. A part that fails is told and holds up none of the others."""
    minute = now_ms // 60_000
    for part in PARTS:
        if minute % part.every_minutes == part.minute:
            _do(part, now_ms)


def close_all_hours(now_ms: int) -> int:
    """Pack the hours that are over, of every cluster; how many."""
    return _for_each_cluster(lambda cluster_id: hours.close_hours(cluster_id, now_ms))


def join_journals(now_ms: int) -> int:
    """Join the journals whose turn it is; how many rows are gone."""
    return _for_each_cluster(lambda cluster_id: compaction.compact_due(cluster_id, now_ms))


def give_back(now_ms: int) -> int:
    """Return what is free to the disk; how many pages."""
    del now_ms  # it is due whenever it is asked
    return storage.give_back()


PARTS = (
    _Part("journal joined", join_journals, every_minutes=1, minute=0),
    _Part("hours packed", close_all_hours, every_minutes=5, minute=3),
    _Part("series made coarser", rollup.roll_up, every_minutes=1, minute=0),
    _Part("series forgotten", rollup.prune, every_minutes=60, minute=17),
    _Part("usage forgotten", rounds.prune, every_minutes=10, minute=4),
    _Part("journal forgotten", retention.prune, every_minutes=10, minute=7),
    _Part("alerts of removed clusters ended", abandoned.close_abandoned, every_minutes=1, minute=0),
    _Part("alerts not heard of any more", receiving.lapse, every_minutes=1, minute=0),
    _Part("alerts forgotten", abandoned.prune, every_minutes=60, minute=29),
    _Part("room given back", give_back, every_minutes=10, minute=8),
)


def _for_each_cluster(work: Callable[[int], int]) -> int:
    """The sum over all clusters. What one of them has that cannot be read concerns no other."""
    total = 0
    for cluster_id in Cluster.objects.order_by("id").values_list("id", flat=True):
        try:
            total += work(cluster_id)
        except StoredFormatError:
            log.exception("stored data of cluster %s cannot be read", cluster_id)
    return total


def _do(part: _Part, now_ms: int) -> None:
    try:
        count = part.work(now_ms)
    except Exception:  # the outermost frame of each part: the next must still have its turn
        log.exception("keeping failed: %s", part.name)
        return
    if count:
        log.info("%s: %s", part.name, count)
