"""The short form of the matrix: `make kill-matrix` has all points, processes and databases."""

import pytest

from tests.killing.commandline import run
from tests.killing.matrix import Case
from tests.killing.places import embedded


@pytest.mark.parametrize("kill", [Case("outbox-written", "worker", at_end=False)])
def test_nothing_is_lost_where_the_worker_is_killed(kill: Case) -> None:
    cases = [kill, Case("answered", "worker", at_end=True)]

    outcomes = run(embedded, cases, side_by_side=1)

    assert [(outcome.case, list(outcome.faults)) for outcome in outcomes] == [(case, []) for case in cases]
