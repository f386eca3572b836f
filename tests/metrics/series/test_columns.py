"""Columns of figures in and out of their packed form."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.packing import StoredFormatError
from metrics.series.columns import AVERAGE, MAXIMUM, VALUE, key_of, pack_columns, unpack_columns

some_numbers = st.one_of(
    st.none(), st.integers(-5, 5), st.integers(0, 300), st.integers(-(1 << 62) + 1, (1 << 62) - 1)
)


@given(
    st.integers(0, 40).flatmap(
        lambda slots: st.dictionaries(
            st.integers(0, 400), st.lists(some_numbers, min_size=slots, max_size=slots), max_size=6
        )
    )
)
def test_columns_come_back_as_they_were(columns: dict[int, list[int | None]]) -> None:
    assert unpack_columns(pack_columns(columns)) == columns


def test_a_hole_is_not_a_zero() -> None:
    columns = {4: [0, None, 0, None], 8: [None] * 4, 12: [None, 7, None, None]}

    assert unpack_columns(pack_columns(columns)) == columns


def test_a_constant_takes_next_to_nothing() -> None:
    hour = {key: [64 << 30] * 120 for key in range(10)}

    assert len(pack_columns(hour)) < 70


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="same number of slots"):
        pack_columns({4: [1], 8: [1, 2]})


@given(st.binary(max_size=60))
def test_damage_is_told_and_never_returned_as_numbers(noise: bytes) -> None:
    import zlib

    good = pack_columns({4: [1, 2, 300, None], 8: [5] * 4})
    for blob in (b"", b"\x03" + good[1:], good[:-2], b"\x01" + noise):
        with pytest.raises(StoredFormatError):
            unpack_columns(blob)
    with contextlib.suppress(StoredFormatError):
        unpack_columns(b"\x01" + zlib.compress(noise))


def test_a_column_that_ends_too_early_is_told() -> None:
    import zlib

    payload = zlib.decompress(pack_columns({4: [1, 70_000, 3]})[1:])
    with pytest.raises(StoredFormatError):
        unpack_columns(b"\x01" + zlib.compress(payload[:-1]))


def test_values_averages_and_maxima_of_a_figure_have_keys_of_their_own() -> None:
    keys = [key_of(code, aggregate) for code in (1, 2) for aggregate in (VALUE, AVERAGE, MAXIMUM)]

    assert len(set(keys)) == 6
