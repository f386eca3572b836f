"""From the points of a short step to averages and maxima of a longer one. Pure.

Averages are taken over what is known; a slot of which nothing is known stays unknown.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from metrics.series.columns import AVERAGE, MAXIMUM, VALUE, Columns, key_of
from metrics.series.figures import fineness_of

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Step(NamedTuple):
    """How points are kept at one age: one row spans `span_ms` and holds a point each `step_ms`."""

    step_ms: int
    span_ms: int
    kept_ms: int

    @property
    def seconds(self) -> int:
        """As rows name it."""
        return self.step_ms // 1_000

    @property
    def slots(self) -> int:
        """Points in one row."""
        return self.span_ms // self.step_ms

    def span_start(self, at_ms: int) -> int:
        """Where the row begins that a moment falls into."""
        return at_ms - at_ms % self.span_ms

    def slot_start(self, at_ms: int) -> int:
        """Where the slot begins that a moment falls into."""
        return at_ms - at_ms % self.step_ms


FINE = Step(step_ms=30_000, span_ms=HOUR_MS, kept_ms=DAY_MS)
MIDDLE = Step(step_ms=300_000, span_ms=DAY_MS, kept_ms=30 * DAY_MS)
COARSE = Step(step_ms=HOUR_MS, span_ms=10 * DAY_MS, kept_ms=400 * DAY_MS)
STEPS = (FINE, MIDDLE, COARSE)


class Cell(NamedTuple):
    """What one slot says: average and maximum, in units of the figure."""

    average: float
    maximum: float


Grid = dict[int, Cell]
"""Start of the slot to what is known of it; what is not known is not there."""


def grouped(grid: Grid, step_ms: int) -> Grid:
    """The same points on slots of `step_ms`; each known slot weighs the same in the average."""
    groups: dict[int, list[Cell]] = {}
    for at_ms, cell in grid.items():
        groups.setdefault(at_ms - at_ms % step_ms, []).append(cell)
    return {
        at_ms: Cell(sum(cell.average for cell in cells) / len(cells), max(cell.maximum for cell in cells))
        for at_ms, cells in groups.items()
    }


def grid_of(columns: Columns, *, code: int, step: Step, from_ms: int, fineness: int) -> Grid:
    """What one row says of one figure. Averages are kept `fineness` times finer than values."""
    if step is FINE:
        values = columns.get(key_of(code, VALUE), ())
        return _grid(values, values, step=step, from_ms=from_ms, fineness=1)
    averages = columns.get(key_of(code, AVERAGE), ())
    maxima = columns.get(key_of(code, MAXIMUM), ())
    return _grid(averages, maxima, step=step, from_ms=from_ms, fineness=fineness)


def coarser(columns: Columns, *, fine: Step, coarse: Step) -> Columns:
    """One fine row's averages and maxima on the slots of the coarser step that it fills."""
    factor = coarse.step_ms // fine.step_ms
    found: Columns = {}
    for code in {key // 4 for key in columns}:
        is_value = fine is FINE
        averages = columns.get(key_of(code, VALUE if is_value else AVERAGE), ())
        maxima = columns.get(key_of(code, VALUE if is_value else MAXIMUM), ())
        scale = fineness_of(code) if is_value else 1
        found[key_of(code, AVERAGE)] = [
            round(sum(known) / len(known) * scale) if known else None for known in _runs(averages, factor)
        ]
        found[key_of(code, MAXIMUM)] = [max(known, default=None) for known in _runs(maxima, factor)]
    return found


def _runs(points: Sequence[int | None], length: int) -> Iterator[list[int]]:
    """What is known of each `length` points."""
    for start in range(0, len(points), length):
        yield [point for point in points[start : start + length] if point is not None]


def merged(first: Columns, second: Columns) -> Columns:
    """Both rows' points: where both know a point the first is right, and an unknown one gives way."""
    keys = first.keys() | second.keys()
    return {key: _merged_column(first.get(key, ()), second.get(key, ())) for key in keys}


def _merged_column(first: Sequence[int | None], second: Sequence[int | None]) -> list[int | None]:
    if not first or not second:
        return list(first or second)
    return [two if one is None else one for one, two in zip(first, second, strict=True)]


def _grid(
    averages: Sequence[int | None], maxima: Sequence[int | None], *, step: Step, from_ms: int, fineness: int
) -> Grid:
    return {
        from_ms + slot * step.step_ms: Cell(average / fineness, maximum)
        for slot, (average, maximum) in enumerate(zip(averages, maxima, strict=True))
        if average is not None and maximum is not None
    }
