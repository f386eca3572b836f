"""Regular work of many clusters begins at common moments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.mirror.beats import BEAT_SECONDS, seconds_to_beat


@given(st.floats(0, 1e6), st.floats(2, 60))
def test_a_wait_ends_at_a_beat_and_is_hardly_shorter(now: float, wait_seconds: float) -> None:
    waited = seconds_to_beat(now, wait_seconds)

    assert wait_seconds - BEAT_SECONDS <= waited + 1e-6 and waited <= wait_seconds + 1e-6
    assert (now + waited) / BEAT_SECONDS == pytest.approx(round((now + waited) / BEAT_SECONDS), abs=1e-4)


@given(st.floats(0, 1e6), st.floats(-5, 1.9))
def test_a_short_wait_is_as_long_as_asked(now: float, wait_seconds: float) -> None:
    assert seconds_to_beat(now, wait_seconds) == wait_seconds
