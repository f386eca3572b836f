"""What is measured: each figure with its goal and its yardstick; the table and the file of one run. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

IDS = ("B1", "B2a", "B2b", "B3a", "B3b", "B4", "B10", "A1", "A3", "A4")
HEADS = ("id", "figure", "value", "goal", "", "yardstick", "its value", "ratio")


@dataclass(frozen=True)
class Figure:
    """One figure of one run. `goal` is the most that `value` may be; None is unknown.

    `ratio` is ours divided by the yardstick's; where it is not given, that of the two values.
    """

    id: str
    name: str
    value: float | None
    unit: str
    goal: float
    yardstick: str
    yardstick_value: float | None
    ratio: float | None = None

    def as_json(self) -> dict[str, object]:
        """The figure as data/bench.json has it."""
        return {
            "id": self.id,
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "goal": self.goal,
            "yardstick": self.yardstick,
            "yardstick_value": _rounded(self.yardstick_value),
            "ratio": _rounded(self._ratio()),
        }

    def is_met(self) -> bool:
        """Whether the goal is met; what could not be measured has not met it."""
        return self.value is not None and self.value <= self.goal

    def _ratio(self) -> float | None:
        if self.ratio is not None or self.value is None or not self.yardstick_value:
            return self.ratio
        return self.value / self.yardstick_value


def as_json(figures: Sequence[Figure]) -> str:
    """All figures of a run as text."""
    return json.dumps([figure.as_json() for figure in figures], indent=1, ensure_ascii=False) + "\n"


def table(figures: Sequence[Figure]) -> str:
    """All figures of a run, in columns."""
    rows = [HEADS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _row(figure: Figure) -> tuple[str, ...]:
    said = figure.as_json()
    return (
        figure.id,
        figure.name,
        f"{_text(said['value'])} {figure.unit}".rstrip(),
        _text(figure.goal),
        "met" if figure.is_met() else "MISSED",
        figure.yardstick,
        _text(said["yardstick_value"]),
        _text(said["ratio"]),
    )


def _text(value: object) -> str:
    return "unknown" if value is None else f"{value:g}"


def _rounded(value: float | None) -> float | None:
    """Four digits that count: more would be noise."""
    return None if value is None else float(f"{value:.4g}")
