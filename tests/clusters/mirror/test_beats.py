"""Regular work of many clusters begins at common moments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.mirror.beats import seconds_to_beat


@given(st.floats(0, 1e6), st.floats(10, 60), st.sampled_from([0.5, 1.0, 5.0]))
def test_a_wait_ends_at_a_beat_and_is_hardly_shorter(now: float, wait_seconds: float, beat: float) -> None:
    waited = seconds_to_beat(now, wait_seconds, beat_seconds=beat)

    assert wait_seconds - beat <= waited + 1e-6 and waited <= wait_seconds + 1e-6
    assert (now + waited) / beat == pytest.approx(round((now + waited) / beat), abs=1e-4)


@given(st.floats(0, 1e6), st.floats(-5, 1.9))
def test_a_short_wait_is_as_long_as_asked(now: float, wait_seconds: float) -> None:
    assert seconds_to_beat(now, wait_seconds) == wait_seconds
