"""The points that the matrix knows are those that the code names."""

import re

from portal.settings import BASE_DIR
from tests.killing.points import ONLY_BEGINNING, POINTS, RISKIEST

REACHED = re.compile(r"\breached\(\"([^\"]+)\"\)")


def named_in_code() -> list[str]:
    files = [path for part in ("clusters", "metrics") for path in (BASE_DIR / part).rglob("*.py")]
    return [point for path in files for point in REACHED.findall(path.read_text())]


def test_the_matrix_knows_every_point_of_the_code_and_no_other() -> None:
    assert sorted(named_in_code()) == sorted(POINTS)


def test_there_are_at_least_forty_and_each_is_named_once() -> None:
    assert len(set(POINTS)) == len(POINTS) >= 40


def test_what_is_said_of_points_is_said_of_points_there_are() -> None:
    assert set(RISKIEST) | ONLY_BEGINNING <= set(POINTS)
