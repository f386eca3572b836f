"""Every kind's columns are those that the API server prints, cell by cell, while the cluster churns."""

import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from clusters.kinds import all_kinds
from clusters.kinds.kind import Column, Kind
from tests.real.churn import Churn
from tests.real.rig.cluster import Cluster
from tests.real.rig.requests import TABLE

ROUNDS = 6
SECONDS_BETWEEN = 4.0


@pytest.fixture(scope="module")
def tables(second_cluster: Cluster) -> dict[str, list["Printed"]]:
    """What the server printed of each kind, round after round of churn."""
    churn = Churn(second_cluster, seed=random.SystemRandom().randrange(10_000))
    seconds = ROUNDS * SECONDS_BETWEEN
    worker = threading.Thread(target=churn.run, kwargs={"seconds": seconds, "acts_a_second": 3})
    worker.start()
    found: dict[str, list[Printed]] = {kind.name: [] for kind in all_kinds()}
    while worker.is_alive():
        for kind in all_kinds():
            found[kind.name].append(Printed(second_cluster, kind, seed=churn.seed))
        worker.join(SECONDS_BETWEEN)
    return found


class Printed:
    """One kind's table together with the very objects it was printed from."""

    def __init__(self, cluster: Cluster, kind: Kind, *, seed: int) -> None:
        self.seed = seed
        before_ms = _now_ms()
        answer = cluster.as_admin().get(f"{kind.path}?includeObject=Object", accept=TABLE)
        # Ages turn over while the answer is on its way: the server's clock was at one of these.
        self.moments_ms = (*range(before_ms, after_ms := _now_ms(), 500), after_ms)
        assert answer.status == 200, answer.body
        table = answer.json()
        self.definitions: list[dict[str, Any]] = table["columnDefinitions"]
        self.rows: list[dict[str, Any]] = table["rows"]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_the_columns_have_the_servers_names(kind: Kind, tables: dict[str, list[Printed]]) -> None:
    definitions = tables[kind.name][0].definitions

    theirs = [(definition["name"], definition["priority"] > 0) for definition in definitions]

    assert [(column.name, column.wide) for column in kind.columns] == theirs


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_every_cell_is_the_servers(kind: Kind, tables: dict[str, list[Printed]]) -> None:
    compared = 0
    for printed in tables[kind.name]:
        for theirs, ours, name in _cells(kind, printed):
            assert theirs in ours, f"{name} (churn seed {printed.seed})"
            compared += 1

    assert compared, "nothing was compared"


def _cells(kind: Kind, printed: Printed) -> Iterator[tuple[str, set[str], str]]:
    """The server's cell, ours at each moment it may have been printed, and where that is."""
    places = {definition["name"]: place for place, definition in enumerate(printed.definitions)}
    for row in printed.rows:
        text = json.dumps(row["object"])
        api_object = msgspec.json.decode(text, type=kind.api_object)
        metadata = row["object"]["metadata"]
        for column in kind.columns:
            ours = {_cell(kind, column, api_object, now_ms) for now_ms in printed.moments_ms}
            place = f"{kind.name} {metadata.get('namespace', '')}/{metadata['name']} {column.name}"
            yield _text(row["cells"][places[column.name]]), ours, f"{place}\n{text}"


def _cell(kind: Kind, column: Column, api_object: Any, now_ms: int) -> str:
    return column.cell(kind.read(api_object, now_ms), now_ms)


def _text(cell: object) -> str:
    """A cell as kubectl prints it."""
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
