"""A child that keeps dying is started again ever more slowly; one that ran well, at once."""

from portal.supervision.restarts import delay_seconds, failures_after


def test_each_failure_in_a_row_doubles_the_wait_up_to_a_limit() -> None:
    delays = [delay_seconds(failures) for failures in range(1, 30)]

    assert delays[:4] == [0.25, 0.5, 1.0, 2.0]
    assert delays == sorted(delays)
    assert delays[-1] == 15.0


def test_a_long_run_forgives_earlier_failures() -> None:
    assert failures_after(7, ran_seconds=31) == 1
    assert failures_after(7, ran_seconds=1) == 8
