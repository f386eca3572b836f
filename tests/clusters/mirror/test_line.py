"""The state of the line to one cluster."""

from clusters.mirror.backoff import Backoff
from clusters.mirror.line import LIVE, NEVER_REACHED, STALE, SYNCING, UNREACHABLE, Line


def test_a_cluster_that_never_answered_was_never_reached() -> None:
    line = Line()

    line.failed(1_000, "refused", "The API server refused the connection.", 2_000)

    assert (line.state, line.reason, line.since_ms, line.next_try_at_ms) == (
        NEVER_REACHED,
        "refused",
        1_000,
        2_000,
    )


def test_a_cluster_is_syncing_until_each_kind_was_listed() -> None:
    line = Line()

    line.read(1_000, states=["live", "syncing"])
    assert line.state == SYNCING
    line.read(2_000, states=["live", "refused"])
    assert (line.state, line.since_ms) == (LIVE, 2_000)


def test_since_is_when_it_broke_not_when_it_was_last_tried() -> None:
    line = Line()
    line.read(1_000, states=["live"])

    assert line.failed(5_000, "timeout", "", 6_000)
    assert not line.failed(9_000, "timeout", "", 12_000), "the same again is no news"
    assert line.failed(13_000, "refused", "", 14_000), "another reason is"

    assert (line.state, line.since_ms, line.last_read_at_ms) == (UNREACHABLE, 5_000, 1_000)


def test_an_answer_clears_reason_and_next_try() -> None:
    line = Line()
    line.read(1_000, states=["live"])
    line.failed(5_000, "timeout", "No answer.", 6_000)

    assert line.read(7_000, states=["live"])

    assert (line.state, line.reason, line.message, line.next_try_at_ms) == (LIVE, "", "", None)


def test_a_server_whose_watches_all_fail_is_stale_though_it_answers() -> None:
    line = Line()

    line.read(1_000, states=["stale", "stale", "refused"])

    assert line.state == STALE


def test_a_kind_whose_first_list_fails_does_not_hold_the_others_back() -> None:
    line = Line()

    line.read(1_000, states=["live", "unread"])

    assert line.state == LIVE


def test_a_credential_that_may_read_nothing_cannot_read_the_cluster() -> None:
    line = Line()
    line.read(1_000, states=["live"])

    line.read(2_000, states=["refused", "refused"])

    assert (line.state, line.reason) == (UNREACHABLE, "forbidden_403")


def test_waits_double_to_half_a_minute_and_are_forgotten_after_two_good_ones() -> None:
    backoff = Backoff(choose=lambda: 1.0)

    waits = [backoff.failed(now) for now in (0, 1, 2, 4, 8, 16, 32, 64)]
    assert waits == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    assert backoff.failed(64 + 121) == 0.8


def test_waits_are_spread_so_that_clusters_do_not_come_back_together() -> None:
    low, high = Backoff(choose=lambda: 0.0), Backoff(choose=lambda: 1.0)
    for now in range(8):
        shortest, longest = low.failed(now), high.failed(now)

    assert (shortest, longest) == (15.0, 30.0)


def test_what_the_server_asks_for_is_the_least_to_wait() -> None:
    assert Backoff().failed(0, at_least_seconds=17.0) == 17.0
