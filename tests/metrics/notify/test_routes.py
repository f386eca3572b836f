"""Which destination is told of which alert."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.access.selectors import parse_selector
from metrics.notify.routes import (
    EVERY_DAY,
    Hours,
    HoursError,
    RouteFacts,
    Told,
    checked_hours,
    next_opening_ms,
    parse_hours,
    routed,
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


MONDAY_NOON_MS = at("2026-11-23T12:00")
PROD = Told(1, "critical", "c1", {"env": "prod"}, "shop")
DEV = Told(2, "warning", "c2", {"env": "dev"}, "shop")
PORTAL = Told(3, "critical", "", {})
TEST = Told(4, "test", "", {})


def destinations(*routes: RouteFacts, alerts: tuple[Told, ...] = (PROD, DEV, PORTAL)) -> dict[int, list[int]]:
    return routed(alerts, routes, MONDAY_NOON_MS)


def test_a_route_without_conditions_takes_all_but_tests() -> None:
    assert destinations(RouteFacts(1, 10), alerts=(PROD, DEV, PORTAL, TEST)) == {10: [1, 2, 3]}


def test_each_destination_is_told_only_what_its_routes_take() -> None:
    prod = RouteFacts(1, 10, requirements=parse_selector("env=prod"))
    dev = RouteFacts(2, 20, cluster="c2")
    assert destinations(prod, dev) == {10: [1], 20: [2]}


def test_two_routes_to_one_destination_tell_it_once() -> None:
    assert destinations(RouteFacts(1, 10), RouteFacts(2, 10, cluster="c1")) == {10: [1, 2, 3]}


def test_the_default_takes_what_nobody_took() -> None:
    prod = RouteFacts(1, 10, requirements=parse_selector("env=prod"))
    assert destinations(prod, RouteFacts(2, 99, is_default=True)) == {10: [1], 99: [2, 3]}


def test_a_team_is_told_only_of_clusters_it_may_see() -> None:
    assert destinations(RouteFacts(1, 10, clusters=frozenset({"c2"}))) == {10: [2]}


def test_severity_and_namespace_must_fit() -> None:
    assert destinations(RouteFacts(1, 10, severities=("critical",))) == {10: [1, 3]}
    assert destinations(RouteFacts(1, 10, namespace="other")) == {}


def test_a_selector_never_takes_what_is_of_no_cluster() -> None:
    assert destinations(RouteFacts(1, 10, requirements=parse_selector("env!=dev"))) == {10: [1]}


def test_a_closed_route_leaves_its_alerts_to_the_default() -> None:
    night = RouteFacts(1, 10, hours=parse_hours("20:00-06:00", zone="UTC"))
    assert destinations(night, RouteFacts(2, 99, is_default=True)) == {99: [1, 2, 3]}


def test_the_next_opening_of_a_closed_route_is_known() -> None:
    night = RouteFacts(1, 10, hours=parse_hours("20:00-06:00", zone="UTC"))
    assert next_opening_ms([PROD], [night], MONDAY_NOON_MS) == at("2026-11-23T20:00")
    assert next_opening_ms([TEST], [night], MONDAY_NOON_MS) is None


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("mon-fri 09:00-18:00", "2026-11-23T09:00", True),
        ("mon-fri 09:00-18:00", "2026-11-23T18:00", False),
        ("mon-fri 09:00-18:00", "2026-11-22T12:00", False),
        ("sat,sun 00:00-24:00", "2026-11-22T23:59", True),
        ("fri 22:00-06:00", "2026-11-28T05:59", True),
        ("fri 22:00-06:00", "2026-11-27T05:59", False),
        ("fri-mon 10:00-11:00", "2026-11-23T10:30", True),
        ("09:00-18:00 Europe/Berlin", "2026-11-23T08:30", True),
        ("09:00-18:00 Europe/Berlin", "2026-07-20T07:30", True),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, moment: str, is_open: bool) -> None:
    assert parse_hours(text, zone="UTC").is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    "text",
    [
        "", "mon", "day 09:00-10:00", "09:00", "9-10", "25:00-26:00", "09:00-09:00", "09:60-10:00", "a:b-c:d",
        "09:00-10:00 Not/There", "09:00-10:00 ../etc",
    ],
)  # fmt: skip
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(HoursError):
        parse_hours(text, zone="UTC")


@pytest.mark.parametrize(
    "parts",
    [
        ([], 0, 60, "UTC"),
        ([7], 0, 60, "UTC"),
        ([0], "0", 60, "UTC"),
        ([0], 0, 1441, "UTC"),
        ([0], 0, 60, None),
    ],
)
def test_parts_from_outside_are_judged(parts: tuple[list[object], object, object, object]) -> None:
    with pytest.raises(HoursError):
        checked_hours(*parts)


@given(
    st.sets(st.sampled_from(EVERY_DAY), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.integers(at("2026-01-01T00:00"), at("2027-01-01T00:00")),
)
def test_hours_open_when_they_said(days: set[int], begin: int, end: int, now_ms: int) -> None:
    if begin == end:
        return
    hours = Hours(tuple(sorted(days)), begin, end, "UTC")
    opens_at_ms = hours.next_opening_ms(now_ms)
    assert opens_at_ms is not None
    assert hours.is_open(opens_at_ms)
    assert opens_at_ms == now_ms or not hours.is_open(opens_at_ms - 1)
