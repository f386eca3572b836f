"""Percentiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quantiles import percentile


def test_the_hundredth_of_a_hundred_is_the_largest_and_the_99th_the_one_before():
    values = list(range(1, 101))
    assert (percentile(values, 99), percentile(values, 100), percentile(values, 0.5)) == (99, 100, 1)


def test_of_few_values_the_99th_is_the_largest():
    assert percentile([5.0, 1.0, 3.0], 99) == 5.0


def test_of_nothing_it_is_unknown():
    assert percentile([], 99) is None


def test_no_percentage_is_refused():
    with pytest.raises(ValueError, match="no percentage"):
        percentile([1.0], 0)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=300), st.floats(0.1, 100))
def test_at_least_so_many_values_do_not_exceed_it(values, percent):
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100 - 1e-6
