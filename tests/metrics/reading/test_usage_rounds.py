"""When usage is read."""

import pytest

from metrics.reading.usage import NODE_SECONDS, next_round_at


@pytest.mark.parametrize(
    ("now_seconds", "next_seconds"),
    [(70, 100), (99.9, 100), (100, 100), (101, 130), (130, 130), (700, 700), (701, 730)],
)
def test_missed_rounds_are_left_out_and_the_beat_is_kept(now_seconds: float, next_seconds: float) -> None:
    assert next_round_at(100, now_seconds, NODE_SECONDS) == next_seconds
