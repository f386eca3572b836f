"""Forgetting the oldest of the journal, by age and by size. What is kept answers as it did before.

To tell of a moment, its last keyframe and all that followed it are needed. So a cut at some moment keeps
the last keyframe before it, and takes what lies before that keyframe.
"""

import itertools
import logging

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Length

from clusters.models import Cluster
from metrics.models import JournalEntry, Snapshot
from metrics.storage import delete_in_slices, used_bytes

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_ROW_BYTES = 120
"""What a row costs beside its packed columns, indexes included."""
_AIM = 0.95
"""Of the allowed size is left after a cut, so that not every minute has to cut."""


def prune(now_ms: int) -> int:
    """Forget what is older or more than allowed; how many rows are gone. Safe to run twice."""
    gone = _prune_all(now_ms - int(settings.TOPMAST_JOURNAL_DAYS * DAY_MS))
    allowed_bytes = int(settings.TOPMAST_JOURNAL_GB * 1_000_000_000)
    if used_bytes() > allowed_bytes:  # cheap to ask; counting the journal alone is not
        cut_ms = _cut_for(allowed_bytes)
        if cut_ms is not None:
            log.info("journal cut to its allowed size", extra={"cut_ms": cut_ms})
            gone += _prune_all(cut_ms)
    return gone


def _prune_all(cut_ms: int) -> int:
    return sum(_prune_one(cluster_id, cut_ms) for cluster_id in Cluster.objects.values_list("id", flat=True))


def _prune_one(cluster_id: int, cut_ms: int) -> int:
    """Forget what no moment from `cut_ms` on needs."""
    keyframes = Snapshot.objects.filter(cluster_id=cluster_id)
    rows = JournalEntry.objects.filter(cluster_id=cluster_id)
    kept = keyframes.filter(at_ms__lte=cut_ms).order_by("-fence", "-number")
    place = kept.values_list("fence", "number").first()
    if place is None:
        return delete_in_slices(_before_keyframes(rows, keyframes).filter(last_at_ms__lt=cut_ms))
    fence, number = place
    gone = delete_in_slices(rows.filter(Q(fence__lt=fence) | Q(fence=fence, last_number__lte=number)))
    return gone + delete_in_slices(keyframes.filter(Q(fence__lt=fence) | Q(fence=fence, number__lt=number)))


def _before_keyframes(rows: QuerySet[JournalEntry], keyframes: QuerySet[Snapshot]) -> QuerySet[JournalEntry]:
    """The rows before the first keyframe: no moment can be told from them."""
    first = keyframes.order_by("fence", "number").values_list("fence", "number").first()
    if first is None:
        return rows
    return rows.filter(Q(fence__lt=first[0]) | Q(fence=first[0], last_number__lte=first[1]))


def _cut_for(allowed_bytes: int) -> int | None:
    """The moment from which on all that is kept fits; None where everything does."""
    sizes = _bytes_by_hour()
    if sum(sizes.values()) <= allowed_bytes:
        return None
    kept_bytes = 0
    for hour in sorted(sizes, reverse=True):
        kept_bytes += sizes[hour]
        if kept_bytes > allowed_bytes * _AIM:
            return (hour + 1) * _HOUR_MS
    return None


def _bytes_by_hour() -> dict[int, int]:
    """How much journal and keyframes hold of each hour, over all clusters."""
    sizes: dict[int, int] = {}
    rows = JournalEntry.objects.annotate(hour=F("last_at_ms") / _HOUR_MS).values_list("hour")
    keyframes = Snapshot.objects.annotate(hour=F("at_ms") / _HOUR_MS).values_list("hour")
    row_bytes = Length("changes") + Length("keys") + Length("state") + _ROW_BYTES
    keyframe_bytes = Length("picture") + Length("state") + _ROW_BYTES
    totals = (rows.annotate(total=Sum(row_bytes)), keyframes.annotate(total=Sum(keyframe_bytes)))
    for hour, total in itertools.chain(*totals):
        sizes[hour] = sizes.get(hour, 0) + total
    return sizes
