"""Who is told of a group, and what becomes of what was queued before: the decisions alone."""

import pytest

from metrics.alerts.grouping import REPEAT_MS
from metrics.notify.facts import Told
from metrics.notify.routes import Hours, RouteFacts
from metrics.notify.routes import Told as Asked
from metrics.notify.telling import OUT_AFTER_MS, Line, Receiver, Waits, Written, audience, next_flush_ms, step
from tests.metrics.notify.builders import MINUTE_MS, NOW_MS, a_message, a_node

ALERTS = [Asked(id=1, severity="critical", cluster="a", labels={}), Asked(2, "warning", "b", {})]
TO_ONE = RouteFacts(id=1, destination=10)
NIGHT = Hours(days=(0, 1, 2, 3, 4, 5, 6), from_minute=22 * 60, to_minute=6 * 60, zone="UTC")  # it is 14:25
FIRING = Told(state="firing", severity="critical", digest="x", at_ms=NOW_MS - MINUTE_MS)


def told(
    routes: list[RouteFacts], receivers: list[Receiver], lines: dict[int, Line] | None = None
) -> tuple[dict[int, list[int]], list[int]]:
    found = audience(ALERTS, routes, {one.id: one for one in receivers}, lines or {}, NOW_MS)
    return {pk: list(ids) for pk, ids in found.alerts.items()}, list(found.stranded)


def test_routes_decide() -> None:
    only_a = RouteFacts(id=2, destination=11, cluster="a")
    assert told([TO_ONE, only_a], [Receiver(10), Receiver(11)]) == ({10: [1, 2], 11: [1]}, [])


def test_what_no_route_takes_is_stranded_or_the_fallback_s() -> None:
    only_a = RouteFacts(id=2, destination=10, cluster="a")
    assert told([only_a], [Receiver(10)]) == ({10: [1]}, [2])
    assert told([only_a], [Receiver(10), Receiver(99, is_fallback=True)]) == ({10: [1], 99: [2]}, [])


def test_a_closed_route_strands_nothing() -> None:
    closed = RouteFacts(id=1, destination=10, hours=NIGHT)
    assert told([closed], [Receiver(10), Receiver(99, is_fallback=True)]) == ({}, [])


def test_what_waits_for_a_closed_route_is_kept_up_to_date() -> None:
    closed = RouteFacts(id=1, destination=10, hours=NIGHT)
    queued = Line(queued=Written(1, "firing", "x", {}))
    assert told([closed], [Receiver(10)], {10: queued}) == ({10: [1, 2]}, [])


@pytest.mark.parametrize(
    "out",
    [Receiver(10, is_enabled=False), Receiver(10, has_refused=True),
     Receiver(10, failing_since_ms=NOW_MS - OUT_AFTER_MS)],
)  # fmt: skip
def test_the_fallback_is_told_in_the_stead_of_one_that_is_out(out: Receiver) -> None:
    found, stranded = told([TO_ONE], [out, Receiver(99, is_fallback=True)])
    assert found[99] == [1, 2]
    assert (10 in found) == out.is_enabled
    assert stranded == []


def test_one_that_has_only_begun_to_fail_is_given_time() -> None:
    failing = Receiver(10, failing_since_ms=NOW_MS - OUT_AFTER_MS + 1)
    assert 99 not in told([TO_ONE], [failing, Receiver(99, is_fallback=True)])[0]


def test_the_fallback_takes_over_what_was_given_up() -> None:
    given_up = Line(given_up=Written(1, "firing", "x", {}))
    assert told([TO_ONE], [Receiver(10), Receiver(99, is_fallback=True)], {10: given_up})[0][99] == [1, 2]


def test_a_fallback_that_knows_of_a_group_hears_on() -> None:
    found, _ = told([TO_ONE], [Receiver(10), Receiver(99, is_fallback=True)], {99: Line(told=FIRING)})
    assert found == {10: [1, 2], 99: [1, 2]}


def test_routes_to_destinations_that_are_no_more_lead_nowhere() -> None:
    assert told([TO_ONE], []) == ({}, [1, 2])


def test_of_one_message_nothing_changes_and_another_takes_its_place() -> None:
    message = a_message(a_node())
    same = Written(1, message.state, message.digest, message.resolved_until_ms, expires_at_ms=77)
    other = Written(1, message.state, "other", {}, expires_at_ms=77)
    assert not step(Line(queued=same), message, now_ms=NOW_MS).writes
    replacing = step(Line(queued=other), message, now_ms=NOW_MS)
    assert (replacing.ends_queued_as, replacing.writes, replacing.expires_at_ms) == ("replaced", True, 77)
    assert step(Line(queued=same), None, now_ms=NOW_MS).ends_queued_as == "suppressed"
    assert not step(Line(), None, now_ms=NOW_MS).writes


def test_what_was_given_up_is_tried_again_after_four_hours_or_with_news() -> None:
    message = a_message(a_node())
    same = Written(1, message.state, message.digest, message.resolved_until_ms, at_ms=NOW_MS)
    line = Line(given_up=same)
    assert not step(line, message, now_ms=NOW_MS + REPEAT_MS - 1).writes
    assert step(line, message, now_ms=NOW_MS + REPEAT_MS).writes
    assert step(Line(given_up=Written(1, "firing", "other", {}, at_ms=NOW_MS)), message, now_ms=NOW_MS).writes


def test_a_group_is_looked_at_again_at_the_first_moment_that_may_change_something() -> None:
    def looked(**facts: object) -> int | None:
        at_ms = next_flush_ms(Waits(**{"is_over": False, **facts}), NOW_MS)  # type: ignore[arg-type]
        return None if at_ms is None else at_ms - NOW_MS

    assert looked() == REPEAT_MS
    assert looked(silenced_until_ms=[NOW_MS + 5_000, NOW_MS + 9_000]) == 5_000
    assert looked(is_inhibited=True) == 60_000
    assert looked(is_in_flight=True) == 1_000
    assert looked(opens_at_ms=NOW_MS + 2_000) == 2_000
    assert looked(is_over=True) is None
    assert looked(is_over=True, opens_at_ms=NOW_MS + 2_000) is None
    assert looked(is_over=True, opens_at_ms=NOW_MS + 2_000, is_dangling=True) == 2_000
    assert looked(is_over=True, is_in_flight=True) == 1_000
