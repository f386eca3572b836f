"""Closing an hour: its ticks become one packed row for each subject.

Safe to run twice, at once, and to die in between: rows are merged into what is there, and ticks go only
after all that they say is written. A tick that comes late is merged into its closed hour.
"""

from array import array
from collections.abc import Iterable
from itertools import islice

from django.db import transaction

from metrics.models import SeriesTick
from metrics.packing import Blob
from metrics.series.aggregating import FINE, merged
from metrics.series.columns import VALUE, Columns, key_of
from metrics.series.rows import hold, put_rows, rows_of
from metrics.series.ticks import unpack_tick
from metrics.storage import delete_in_slices

GRACE_MS = 120_000
"""After its end an hour waits this long for late ticks."""
SUBJECTS_AT_ONCE = 50
"""In one transaction: some 20 ms."""
_TICKS_AT_ONCE = 20
_UNKNOWN = -(1 << 63)

_Hour = dict[str, dict[int, "array[int]"]]
"""Subject to figure's code to a number for each slot."""


def close_hours(cluster_id: int, now_ms: int) -> int:
    """Pack the ticks of each hour that is over; how many hours there were."""
    end_ms = FINE.span_start(now_ms - GRACE_MS)
    ticks = SeriesTick.objects.filter(cluster_id=cluster_id, at_ms__lt=end_ms).order_by("at_ms")
    closed = 0
    while (first_ms := ticks.values_list("at_ms", flat=True).first()) is not None:
        from_ms = FINE.span_start(first_ms)
        _close(cluster_id, from_ms)
        closed += 1
    return closed


def _close(cluster_id: int, from_ms: int) -> None:
    ticks = SeriesTick.objects.filter(
        cluster_id=cluster_id, at_ms__gte=from_ms, at_ms__lt=from_ms + FINE.span_ms
    )
    ids, hour = _gather(ticks.order_by("at_ms").values_list("id", "at_ms", "points"), from_ms)
    subjects = iter(sorted(hour))
    while slice_ := list(islice(subjects, SUBJECTS_AT_ONCE)):
        _write(cluster_id, from_ms, {subject: _columns(hour[subject]) for subject in slice_})
    delete_in_slices(SeriesTick.objects.filter(id__in=ids), at_once=_TICKS_AT_ONCE)


def _gather(ticks: Iterable[tuple[int, int, Blob]], from_ms: int) -> tuple[list[int], _Hour]:
    """The numbers of all ticks, subject by subject. Arrays, not lists: a large cluster has millions."""
    ids: list[int] = []
    hour: _Hour = {}
    empty = array("q", [_UNKNOWN]) * FINE.slots
    for tick_id, at_ms, points in ticks:
        ids.append(tick_id)
        slot = (at_ms - from_ms) // FINE.step_ms
        for subject, values in unpack_tick(points).items():
            figures = hour.setdefault(subject, {})
            for code, units in values.items():
                column = figures.get(code)
                if column is None:
                    column = figures[code] = empty[:]
                if units is not None:
                    column[slot] = units
    return ids, hour


def _columns(figures: dict[int, "array[int]"]) -> Columns:
    return {
        key_of(code, VALUE): [None if n == _UNKNOWN else n for n in numbers]
        for code, numbers in figures.items()
    }


def _write(cluster_id: int, from_ms: int, hour: dict[str, Columns]) -> None:
    """Merge one slice of subjects into the rows that are there."""
    with transaction.atomic():
        hold(cluster_id)
        there = rows_of(cluster_id, FINE, from_ms, list(hour))
        whole = {name: merged(columns, there.get(name, {})) for name, columns in hour.items()}
        put_rows(cluster_id, FINE, from_ms, whole)
