"""Series as they age: half minutes for a day, five minutes for 30 days, hours for 400 days, then nothing.

Points become coarser by the whole day (then by ten): the fine rows of one subject are read, their averages
and maxima merged into the coarser row, and the fine ones deleted, all in one transaction. So a fine row
that is there is not rolled up yet, and whoever dies in between has lost and doubled nothing.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from metrics.models import SeriesHour
from metrics.series.aggregating import COARSE, STEPS, Step, coarser, merged
from metrics.series.columns import Columns, unpack_columns
from metrics.series.rows import hold, put_rows, rows_of
from metrics.storage import delete_in_slices

SUBJECTS_A_CALL = 500
SUBJECTS_AT_ONCE = 5
"""In one transaction: some 30 ms."""


class _Due(NamedTuple):
    cluster_id: int
    from_ms: int
    subject: str


def roll_up(now_ms: int, *, most: int = SUBJECTS_A_CALL) -> int:
    """Make coarser what is old enough, the oldest first, at most so many subjects; how many there were."""
    done = 0
    for fine, coarse in itertools.pairwise(STEPS):
        for (cluster_id, from_ms), group in itertools.groupby(
            _due(fine, coarse, now_ms=now_ms, most=most), key=lambda due: due[:2]
        ):
            while subjects := [due.subject for due in itertools.islice(group, SUBJECTS_AT_ONCE)]:
                _roll(cluster_id, from_ms, subjects, fine=fine, coarse=coarse)
                done += len(subjects)
    return done


def prune(now_ms: int) -> int:
    """Forget what is older than anything is kept; how many rows are gone."""
    before_ms = COARSE.span_start(now_ms - COARSE.kept_ms)
    return delete_in_slices(SeriesHour.objects.filter(step_seconds=COARSE.seconds, from_ms__lt=before_ms))


def _due(fine: Step, coarse: Step, *, now_ms: int, most: int) -> list[_Due]:
    """Whose fine rows fill a coarse row that is wholly older than fine rows are kept."""
    before_ms = coarse.span_start(now_ms - fine.kept_ms)
    rows = SeriesHour.objects.filter(step_seconds=fine.seconds, from_ms__lt=before_ms).order_by("from_ms")
    oldest = rows.values_list("cluster_id", "from_ms", "subject")[:most]
    return sorted(
        {_Due(cluster, coarse.span_start(from_ms), subject) for cluster, from_ms, subject in oldest}
    )


def _roll(cluster_id: int, from_ms: int, subjects: Sequence[str], *, fine: Step, coarse: Step) -> None:
    rows = SeriesHour.objects.filter(
        cluster_id=cluster_id,
        subject__in=subjects,
        step_seconds=fine.seconds,
        from_ms__gte=from_ms,
        from_ms__lt=from_ms + coarse.span_ms,
    )
    with transaction.atomic():
        hold(cluster_id)
        found = list(rows.values_list("id", "subject", "from_ms", "points"))
        by_subject: dict[str, dict[int, Columns]] = {}
        for _, subject, row_from_ms, points in found:
            by_subject.setdefault(subject, {})[row_from_ms] = unpack_columns(points)
        coarser = {
            subject: _coarser(parts, from_ms=from_ms, fine=fine, coarse=coarse)
            for subject, parts in by_subject.items()
        }
        # A coarse point that is there was made of more than what comes late.
        there = rows_of(cluster_id, coarse, from_ms, list(coarser))
        whole = {name: merged(there.get(name, {}), columns) for name, columns in coarser.items()}
        put_rows(cluster_id, coarse, from_ms, whole)
        SeriesHour.objects.filter(id__in=[row[0] for row in found]).delete()


def _coarser(parts: dict[int, Columns], *, from_ms: int, fine: Step, coarse: Step) -> Columns:
    """One subject's coarse row out of its fine ones."""
    columns: Columns = {}
    for part_from_ms, part in parts.items():
        start = (part_from_ms - from_ms) // coarse.step_ms
        for key, points in coarser(part, fine=fine, coarse=coarse).items():
            column = columns.setdefault(key, [None] * coarse.slots)
            column[start : start + len(points)] = points
    return columns
