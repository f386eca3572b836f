"""When schedules fire."""

import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.state.ages import moment_ms
from clusters.state.schedules import firings_ms


def _next(text: str, after: str, zone: str = "UTC", count: int = 1) -> list[str]:
    begin_ms = moment_ms(after)
    assert begin_ms is not None
    found = firings_ms(text, zone, begin_ms, count)
    return [
        datetime.fromtimestamp(at_ms / 1000).astimezone().astimezone(UTC).strftime("%F %R") for at_ms in found
    ]


UTC = datetime.fromisoformat("2026-01-01T00:00:00Z").tzinfo


@pytest.mark.parametrize(
    ("text", "after", "fires"),
    [
        ("* * * * *", "2026-11-21T10:00:00Z", "2026-11-21 10:01"),
        ("*/15 * * * *", "2026-11-21T10:00:00Z", "2026-11-21 10:15"),
        ("5/20 * * * *", "2026-11-21T10:05:00Z", "2026-11-21 10:25"),
        ("30 3 * * 1-5", "2026-11-21T10:00:00Z", "2026-11-23 03:30"),
        ("0 0 1 jan *", "2026-11-21T10:00:00Z", "2027-01-01 00:00"),
        ("0 0 * * SUN", "2026-11-21T10:00:00Z", "2026-11-22 00:00"),
        ("0 0 * * 7", "2026-11-21T10:00:00Z", "2026-11-22 00:00"),
        ("0 0 29 2 *", "2026-11-21T10:00:00Z", "2028-02-29 00:00"),
        ("0 0 13 * 5", "2026-11-21T10:00:00Z", "2026-11-27 00:00"),
        ("@hourly", "2026-11-21T10:00:00Z", "2026-11-21 11:00"),
        ("@weekly", "2026-11-21T10:00:00Z", "2026-11-22 00:00"),
        ("@every 1h30m", "2026-11-21T10:00:00Z", "2026-11-21 11:30"),
    ],
)
def test_a_schedule_fires_next(text: str, after: str, fires: str) -> None:
    assert _next(text, after) == [fires]


def test_a_time_zone_counts_with_its_summer() -> None:
    assert _next("0 9 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin", 1) == ["2026-03-29 07:00"]
    assert _next("0 9 * * *", "2026-12-28T12:00:00Z", "Europe/Berlin", 1) == ["2026-12-29 08:00"]


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "61 * * * *", "a b c d e", "*/0 * * * *", "5-1 * * * *", "@every", "@every 1",
     "@every -1h", "@every " + "9" * 150 + "h", "0 0 30 2 *", "TZ=UTC * * * * *", "* " * 10_000, "@never"],
)  # fmt: skip
def test_what_cannot_be_understood_never_fires_and_costs_nothing(text: str) -> None:
    begin = time.perf_counter()

    assert firings_ms(text, "UTC", 1_795_256_840_000, 3) == ()
    assert time.perf_counter() - begin < 0.05


@pytest.mark.parametrize("zone", ["", "Nowhere/City", "../../etc/passwd", "America", "x" * 253, "a\0b"])
def test_an_unknown_zone_never_fires(zone: str) -> None:
    assert firings_ms("* * * * *", zone, 0, 1) == ()


@given(st.text("0123456789*/,-?@ everyhmsJANsun", max_size=40), st.integers(0, 9_000_000_000_000))
def test_firings_are_later_and_in_order(text: str, after_ms: int) -> None:
    found = firings_ms(text, "UTC", after_ms, 3)

    assert list(found) == sorted(found)
    assert all(at_ms > after_ms for at_ms in found)
