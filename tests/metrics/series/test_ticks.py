"""A moment's figures in and out of a tick's row."""

import pytest

from clusters.state.summary import Summary
from metrics.packing import StoredFormatError
from metrics.series.figures import cluster_points, figure_named
from metrics.series.ticks import pack_tick, tick_at_ms, unpack_tick, unpack_unit


def code(name: str) -> int:
    return figure_named(name).code


def test_points_come_back_in_units_of_their_figures_resolution() -> None:
    blob = pack_tick(
        {
            "": {"cpu_used_cores": 1.2345, "memory_used_bytes": 3 << 20, "pods_total": 12},
            "Node/a": {"memory_requested_bytes": 123_456_789_012},
            "Node/b": {"memory_requested_bytes": 0},
        }
    )

    assert unpack_tick(blob) == {
        "": {code("cpu_used_cores"): 1234, code("memory_used_bytes"): 3, code("pods_total"): 12},
        "Node/a": {code("memory_requested_bytes"): 123_456_789_012},
        "Node/b": {code("memory_requested_bytes"): 0},
    }


def test_one_number_is_found_without_reading_the_rest() -> None:
    points = {f"Node/n{n}": {"pods_total": n, "cpu_used_cores": None} for n in range(50)}
    blob = pack_tick({"": cluster_points(Summary(), restarts_total=7), **points})

    assert unpack_unit(blob, subject="", code=code("restarts_total")) == 7
    assert unpack_unit(blob, subject="Node/n4", code=code("pods_total")) == 4
    assert unpack_unit(blob, subject="Node/n40", code=code("pods_total")) == 40
    assert unpack_unit(blob, subject="Node/n4", code=code("cpu_used_cores")) is None
    assert unpack_unit(blob, subject="Node/n", code=code("pods_total")) is None
    assert unpack_unit(blob, subject="Node/n4", code=code("nodes_total")) is None


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e300])
def test_what_is_no_number_is_unknown(value: float | None) -> None:
    assert unpack_tick(pack_tick({"": {"cpu_used_cores": value}})) == {"": {code("cpu_used_cores"): None}}


def test_a_figure_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        pack_tick({"": {"cpu_imagined_cores": 1.0}})


def test_a_damaged_tick_says_so() -> None:
    with pytest.raises(StoredFormatError):
        unpack_tick(pack_tick({"": {"pods_total": 1}})[:-1])


def test_ticks_stand_on_half_minutes() -> None:
    assert [tick_at_ms(now) for now in (0, 29_999, 30_000, 61_234)] == [0, 0, 30_000, 60_000]
