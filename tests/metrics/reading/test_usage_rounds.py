"""When usage is read."""

import pytest

from metrics.reading.usage import ROUND_SECONDS, next_round_at


@pytest.mark.parametrize(
    ("now_seconds", "next_seconds"),
    [(70, 100), (99.9, 100), (100, 100), (101, 130), (130, 130), (700, 700), (701, 730)],
)
def test_missed_rounds_are_left_out_and_the_beat_is_kept(now_seconds: float, next_seconds: float) -> None:
    assert ROUND_SECONDS == 30
    assert next_round_at(100, now_seconds) == next_seconds
