"""Ages as kubectl prints them, and moments that may be anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.state.ages import age, duration, moment_ms

H = 3600
D = 24 * H
Y = 365 * D


@pytest.mark.parametrize(
    ("seconds", "printed"),
    [
        (-3, "<invalid>"), (-2, "<invalid>"), (-1.5, "0s"), (-1, "0s"), (0, "0s"), (1.9, "1s"), (119, "119s"),
        (120, "2m"), (121, "2m1s"), (599, "9m59s"), (600, "10m"), (3 * H - 1, "179m"), (3 * H, "3h"),
        (3 * H + 60, "3h1m"), (8 * H - 1, "7h59m"), (8 * H, "8h"), (2 * D - 1, "47h"), (2 * D, "2d"),
        (2 * D + H, "2d1h"), (8 * D - 1, "7d23h"), (8 * D, "8d"), (2 * Y - 1, "729d"), (2 * Y, "2y"),
        (2 * Y + D, "2y1d"), (8 * Y - 1, "7y364d"), (8 * Y, "8y"), (80 * Y, "80y"),
    ],
)  # fmt: skip
def test_a_duration_is_printed_as_kubectl_does(seconds: float, printed: str) -> None:
    assert duration(int(seconds * 1000)) == printed


def test_an_unknown_moment_has_an_unknown_age() -> None:
    assert age(None, 1_000) == "<unknown>"
    assert age(0, 61_000) == "61s"


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-11-21T10:27:20Z", 1795256840000),
        ("2026-11-21T10:27:21.864003Z", 1795256841864),
        ("2026-11-21T11:27:20+01:00", 1795256840000),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("2026-02-30T00:00:00Z", None),
        ("2026-11-21T10:27:20", None),
        ("2026-11-21", None),
        ("", None),
        ("soon", None),
        ("2" * 5_000_000, None),
        (None, None),
    ],
)
def test_a_moment_is_read_or_unknown(text: str | None, at_ms: int | None) -> None:
    assert moment_ms(text) == at_ms


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_moment(text: str) -> None:
    at_ms = moment_ms(text)

    assert at_ms is None or at_ms >= 0
