"""Ticks, closed hours and coarser rows tell the same story as a plain dictionary."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.models import Cluster
from metrics.models import SeriesHour, SeriesTick
from metrics.series.aggregating import COARSE, DAY_MS, FINE, HOUR_MS, MIDDLE
from metrics.series.hours import GRACE_MS, close_hours
from metrics.series.rollup import prune, roll_up
from metrics.series.ticks import TICK_MS, pack_tick
from metrics.series.windows import Window, window
from tests.metrics.rows import a_cluster

pytestmark = pytest.mark.django_db

START = 20_000 * DAY_MS
NODE = "Node/a"
Truth = dict[int, int]


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def tick(cluster: Cluster, at_ms: int, pods: int | None, subject: str = NODE) -> None:
    points = pack_tick({subject: {"pods_total": pods}, "": {"nodes_total": 1}})
    SeriesTick.objects.create(cluster=cluster, at_ms=at_ms, points=points)


def ticks(cluster: Cluster, from_ms: int, count: int, *, every_ms: int = TICK_MS) -> Truth:
    """One tick after the other, each of another number."""
    truth = {from_ms + n * every_ms: n % 97 for n in range(count)}
    SeriesTick.objects.bulk_create(
        SeriesTick(cluster=cluster, at_ms=at_ms, points=pack_tick({NODE: {"pods_total": pods}}))
        for at_ms, pods in truth.items()
    )
    return truth


def ask(
    cluster: Cluster, from_ms: int, to_ms: int, *, now_ms: int | None = None, subject: str = NODE
) -> Window:
    return window(
        cluster.pk, subject, "pods_total", from_ms, to_ms, now_ms=to_ms if now_ms is None else now_ms
    )


def steps(cluster: Cluster) -> list[tuple[int, int]]:
    rows = SeriesHour.objects.filter(cluster=cluster, subject=NODE).order_by("step_seconds", "from_ms")
    return [
        (step, (from_ms - START) // HOUR_MS) for step, from_ms in rows.values_list("step_seconds", "from_ms")
    ]


def test_an_open_hour_is_told_by_its_ticks(cluster: Cluster) -> None:
    tick(cluster, START, 5)
    tick(cluster, START + 2 * TICK_MS, 7)

    found = ask(cluster, START, START + 3 * TICK_MS)

    assert (found.from_ms, found.step_ms) == (START, TICK_MS)
    assert found.averages == found.maxima == [5, None, 7, None]


def test_a_closed_hour_tells_the_same_and_needs_no_ticks(cluster: Cluster) -> None:
    truth = ticks(cluster, START, 120)
    now_ms = START + HOUR_MS + GRACE_MS
    before = ask(cluster, START, now_ms)

    assert close_hours(cluster.pk, now_ms) == 1

    assert SeriesTick.objects.count() == 0
    assert steps(cluster) == [(30, 0)]
    assert ask(cluster, START, now_ms) == before
    assert before.averages[:120] == list(truth.values())


def test_an_hour_waits_for_its_last_ticks(cluster: Cluster) -> None:
    ticks(cluster, START, 120)

    assert close_hours(cluster.pk, START + HOUR_MS + GRACE_MS - 1) == 0


def test_unknown_stays_unknown_in_a_closed_hour(cluster: Cluster) -> None:
    for slot, pods in enumerate([3, None, 0]):
        tick(cluster, START + slot * TICK_MS, pods)

    close_hours(cluster.pk, START + 2 * HOUR_MS)

    assert ask(cluster, START, START + 3 * TICK_MS).averages == [3, None, 0, None]


def test_a_late_tick_is_merged_into_its_closed_hour(cluster: Cluster) -> None:
    tick(cluster, START, 3)
    close_hours(cluster.pk, START + 2 * HOUR_MS)
    tick(cluster, START + TICK_MS, 4)
    tick(cluster, START + 2 * TICK_MS, 5, subject="Node/b")

    close_hours(cluster.pk, START + 2 * HOUR_MS)

    assert ask(cluster, START, START + 2 * TICK_MS).averages == [3, 4, None]
    assert ask(cluster, START, START + 2 * TICK_MS, subject="Node/b").averages == [None, None, 5]


def test_dying_at_any_write_while_an_hour_is_closed_loses_and_doubles_nothing(cluster: Cluster) -> None:
    for slot in range(50):
        tick(cluster, START + slot * TICK_MS, slot)
    now_ms = START + 2 * HOUR_MS
    before = ask(cluster, START, START + 49 * TICK_MS)

    survived = 0
    for survivable in range(20):
        try:
            with connection.execute_wrapper(Dying(survivable)):
                close_hours(cluster.pk, now_ms)
            survived += 1
        except DiedError:
            pass
        assert ask(cluster, START, START + 49 * TICK_MS) == before

    assert survived > 0
    assert SeriesTick.objects.count() == 0


def test_a_day_becomes_coarser_once_it_is_wholly_old(cluster: Cluster) -> None:
    truth = ticks(cluster, START, 2 * 120)
    close_hours(cluster.pk, START + 3 * HOUR_MS)

    assert roll_up(START + 2 * DAY_MS - 1) == 0
    assert roll_up(START + 2 * DAY_MS) == 1

    assert steps(cluster) == [(300, 0)]
    found = ask(cluster, START, START + DAY_MS, now_ms=START + 3 * DAY_MS)
    first = list(truth.values())[:10]
    assert found.step_ms == MIDDLE.step_ms
    assert (found.averages[0], found.maxima[0]) == (sum(first) / 10, max(first))
    assert found.averages[24:] == [None] * (len(found.averages) - 24)


def test_days_become_hours_after_a_month_and_nothing_after_400_days(cluster: Cluster) -> None:
    truth = ticks(cluster, START, 240)
    close_hours(cluster.pk, START + 3 * HOUR_MS)
    roll_up(START + 2 * DAY_MS)

    roll_up(COARSE.span_start(START) + COARSE.span_ms + MIDDLE.kept_ms)

    assert [step for step, _ in steps(cluster)] == [3600]
    found = ask(cluster, START, START + HOUR_MS, now_ms=START + 60 * DAY_MS)
    assert found.step_ms == HOUR_MS
    assert found.averages == pytest.approx(
        [sum(list(truth.values())[h * 120 :][:120]) / 120 for h in (0, 1)], abs=0.01
    )
    assert found.maxima == [96, 96]
    assert prune(START + 390 * DAY_MS) == 0
    assert prune(START + 420 * DAY_MS) == 1


def test_dying_at_any_write_while_a_day_is_rolled_up_loses_and_doubles_nothing(cluster: Cluster) -> None:
    ticks(cluster, START, 360)
    close_hours(cluster.pk, START + 4 * HOUR_MS)
    now_ms = START + 3 * DAY_MS
    before = ask(cluster, START, START + DAY_MS, now_ms=now_ms)

    for survivable in range(6):
        try:
            with connection.execute_wrapper(Dying(survivable)):
                roll_up(now_ms)
        except DiedError:
            pass
        assert ask(cluster, START, START + DAY_MS, now_ms=now_ms) == before

    assert steps(cluster) == [(300, 0)]


def test_an_hour_that_comes_after_its_day_was_rolled_up_fills_what_was_unknown(cluster: Cluster) -> None:
    tick(cluster, START, 4)
    close_hours(cluster.pk, START + 2 * HOUR_MS)
    roll_up(START + 3 * DAY_MS)
    tick(cluster, START + TICK_MS, 90)
    tick(cluster, START + MIDDLE.step_ms, 8)
    close_hours(cluster.pk, START + 2 * HOUR_MS)

    before = ask(cluster, START, START + HOUR_MS, now_ms=START + 3 * DAY_MS)
    roll_up(START + 3 * DAY_MS)

    assert before.averages[:3] == [4, 8, None]
    assert ask(cluster, START, START + HOUR_MS, now_ms=START + 3 * DAY_MS) == before


def test_rolling_up_takes_no_more_than_it_is_allowed(cluster: Cluster) -> None:
    for node in range(12):
        tick(cluster, START + node * TICK_MS, node, subject=f"Node/{node:02}")
    close_hours(cluster.pk, START + 2 * HOUR_MS)

    calls = [roll_up(START + 3 * DAY_MS, most=5) for _ in range(5)]

    assert calls == [5, 5, 3, 0, 0]


def test_an_average_of_counts_keeps_its_fraction(cluster: Cluster) -> None:
    for slot in range(10):
        tick(cluster, START + slot * TICK_MS, 1 if slot == 0 else 0)
    close_hours(cluster.pk, START + 2 * HOUR_MS)
    roll_up(START + 3 * DAY_MS)

    found = ask(cluster, START, START, now_ms=START + 3 * DAY_MS)

    assert (found.averages, found.maxima) == ([0.1], [1])


@pytest.mark.parametrize(
    ("back_ms", "long_ms", "step_ms"),
    [
        (DAY_MS, DAY_MS, FINE.step_ms),
        (DAY_MS + 1, HOUR_MS, MIDDLE.step_ms),
        (30 * DAY_MS, 30 * DAY_MS, MIDDLE.step_ms),
        (30 * DAY_MS + 1, HOUR_MS, HOUR_MS),
        (900 * DAY_MS, 900 * DAY_MS, HOUR_MS),
    ],
)
def test_a_window_has_the_finest_step_still_kept_at_its_beginning(
    cluster: Cluster, back_ms: int, long_ms: int, step_ms: int
) -> None:
    found = ask(cluster, START - back_ms, START - back_ms + long_ms, now_ms=START)

    assert found.step_ms == step_ms
    assert len(found.averages) <= 9_602
    assert set(found.averages) == {None}


def test_a_window_that_ends_before_it_begins_is_empty(cluster: Cluster) -> None:
    assert ask(cluster, START, START - DAY_MS, now_ms=START).averages == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from([1, 1, 1, 2, 7, 119, 121, 2_879]),
            st.none() | st.integers(0, 200),
            st.sampled_from(["", "", "close", "roll", "close"]),
        ),
        max_size=25,
    )
)
def test_a_window_equals_a_plain_dictionary_whatever_was_closed_or_rolled_up(
    moves: list[tuple[int, int | None, str]],
) -> None:
    cluster, truth, at_ms = a_cluster(), {}, START
    for slots, pods, then in moves:
        at_ms += slots * TICK_MS
        tick(cluster, at_ms, pods)
        if pods is not None:
            truth[at_ms] = pods
        if then:
            close_hours(cluster.pk, at_ms + HOUR_MS)
        if then == "roll":
            roll_up(at_ms)

    check_window(cluster, truth, max(START, at_ms - DAY_MS), at_ms)
    check_window(cluster, truth, START, at_ms)
    cluster.delete()


def check_window(cluster: Cluster, truth: Truth, from_ms: int, now_ms: int) -> None:
    found = ask(cluster, from_ms, now_ms)
    for slot, (average, maximum) in enumerate(zip(found.averages, found.maxima, strict=True)):
        start_ms = found.from_ms + slot * found.step_ms
        points = [pods for at_ms, pods in truth.items() if start_ms <= at_ms < start_ms + found.step_ms]
        if not points:
            assert average is None and maximum is None
        else:
            assert average == pytest.approx(sum(points) / len(points), abs=0.006)
            assert maximum == max(points)


class DiedError(Exception):
    """The process is no more."""


class Dying:
    """Dies at the write after so many."""

    def __init__(self, survivable: int) -> None:
        self.left = survivable

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if sql.startswith(("INSERT", "DELETE", "UPDATE")):
            if self.left == 0:
                raise DiedError
            self.left -= 1
        return execute(sql, params, many, context)
