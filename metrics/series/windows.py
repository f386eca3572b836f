"""One figure of one subject over a span of time, for charts: open ticks, closed hours, coarser rows.

Whoever asks gets one step for the whole span: the finest that is still kept at its beginning.
"""

from dataclasses import dataclass

from metrics.models import SeriesHour, SeriesTick
from metrics.series.aggregating import COARSE, FINE, MIDDLE, STEPS, Cell, Grid, Step, grid_of, grouped
from metrics.series.columns import unpack_columns
from metrics.series.figures import Figure, figure_named
from metrics.series.ticks import unpack_unit


@dataclass(frozen=True)
class Window:
    """A point each `step_ms` from `from_ms` on; None where nothing is known.

    `averages` and `maxima` are in the figure's unit; at the finest step both are the value itself.
    """

    from_ms: int
    step_ms: int
    averages: list[float | None]
    maxima: list[float | None]


def window(cluster_id: int, subject: str, figure: str, from_ms: int, to_ms: int, *, now_ms: int) -> Window:
    """The figure from one moment to another, both within."""
    declared = figure_named(figure)
    step = step_for(from_ms, to_ms, now_ms=now_ms)
    start_ms = step.slot_start(max(from_ms, now_ms - COARSE.kept_ms))
    end_ms = step.slot_start(min(to_ms, now_ms)) + step.step_ms
    grid = _grid(_Question(cluster_id, subject, declared, start_ms, end_ms), step)
    cells = [grid.get(at_ms) for at_ms in range(start_ms, end_ms, step.step_ms)]
    return Window(
        start_ms,
        step.step_ms,
        [None if cell is None else declared.from_units(cell.average) for cell in cells],
        [None if cell is None else declared.from_units(cell.maximum) for cell in cells],
    )


def step_for(from_ms: int, to_ms: int, *, now_ms: int) -> Step:
    """The finest step kept since `from_ms` that does not make a chart of more points than it can show."""
    for step in (FINE, MIDDLE):
        if from_ms >= now_ms - step.kept_ms and to_ms - from_ms <= step.kept_ms:
            return step
    return COARSE


@dataclass(frozen=True)
class _Question:
    cluster_id: int
    subject: str
    figure: Figure
    start_ms: int
    end_ms: int


def _grid(question: _Question, step: Step) -> Grid:
    """What is known at one step: its own rows, and finer ones where they are not rolled up yet."""
    if step is FINE:
        return _from_ticks(question) | _from_rows(question, FINE)
    finer = _grid(question, STEPS[STEPS.index(step) - 1])
    return grouped(finer, step.step_ms) | _from_rows(question, step)


def _from_ticks(question: _Question) -> Grid:
    ticks = SeriesTick.objects.filter(
        cluster_id=question.cluster_id, at_ms__gte=question.start_ms, at_ms__lt=question.end_ms
    )
    grid: Grid = {}
    for at_ms, points in ticks.order_by("at_ms").values_list("at_ms", "points"):
        unit = unpack_unit(points, subject=question.subject, code=question.figure.code)
        if unit is not None:
            grid[FINE.slot_start(at_ms)] = Cell(unit, unit)
    return grid


def _from_rows(question: _Question, step: Step) -> Grid:
    rows = SeriesHour.objects.filter(
        cluster_id=question.cluster_id,
        subject=question.subject,
        step_seconds=step.seconds,
        from_ms__gte=step.span_start(question.start_ms),
        from_ms__lt=question.end_ms,
    )
    code, fineness = question.figure.code, question.figure.average_fineness
    grid: Grid = {}
    for from_ms, points in rows.values_list("from_ms", "points"):
        columns = unpack_columns(points)
        grid |= grid_of(columns, code=code, step=step, from_ms=from_ms, fineness=fineness)
    return {at_ms: cell for at_ms, cell in grid.items() if question.start_ms <= at_ms < question.end_ms}
