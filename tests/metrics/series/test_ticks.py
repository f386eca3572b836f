"""A moment's figures in and out of a tick's row."""

import pytest

from metrics.packing import StoredFormatError
from metrics.series.ticks import pack_tick, tick_at_ms, unpack_tick


def test_points_come_back_in_units_of_their_figures_resolution() -> None:
    blob = pack_tick(
        {
            "": {"cpu_used_cores": 1.2345, "memory_used_bytes": 3 << 20, "pods_total": 12},
            "Node/a": {"memory_requested_bytes": 123_456_789_012},
            "Node/b": {"memory_requested_bytes": 0},
        }
    )

    assert unpack_tick(blob) == {
        "": {"cpu_used_cores": 1234, "memory_used_bytes": 3, "pods_total": 12},
        "Node/a": {"memory_requested_bytes": 123_456_789_012},
        "Node/b": {"memory_requested_bytes": 0},
    }


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e300])
def test_what_is_no_number_is_unknown(value: float | None) -> None:
    assert unpack_tick(pack_tick({"": {"cpu_used_cores": value}})) == {"": {"cpu_used_cores": None}}


def test_a_figure_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError):
        pack_tick({"": {"cpu_imagined_cores": 1.0}})


def test_a_damaged_tick_says_so() -> None:
    with pytest.raises(StoredFormatError):
        unpack_tick(pack_tick({"": {"pods_total": 1}})[:-1])


def test_ticks_stand_on_half_minutes() -> None:
    assert [tick_at_ms(now) for now in (0, 29_999, 30_000, 61_234)] == [0, 0, 30_000, 60_000]
