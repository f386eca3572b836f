"""The dispatcher, stepped by the test: its database work is in the test's thread, requests have their own."""

import time
from collections.abc import Callable

import pytest

from clusters.models import Cluster
from metrics.alerts.models import AlertGroup, Evaluation
from metrics.notify import heartbeat
from metrics.notify.dispatcher import FAILING_LANE, Dispatcher, Means
from metrics.notify.models import Destination, Heartbeat, OutboxMessage
from metrics.notify.telling import OUT_AFTER_MS
from metrics.notify.trial import begin_test, outcome_of
from metrics.notify.watching import current_trouble, standing_still
from tests.builders import a_cluster
from tests.metrics.notify.builders import MINUTE_MS, NOW_MS
from tests.metrics.notify.outbox import LINE, RING, WORDS, a_destination, a_due_group, messages
from tests.metrics.notify.receivers import Receiver, answer, hang
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


class Clock:
    """Stands still unless told to go on."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dispatcher(clock: Clock) -> Dispatcher:
    return Dispatcher(
        Means(owner="one", line=LINE, keyring=lambda: RING, words=lambda: WORDS, clock_ms=clock)
    )


def stepping(dispatcher: Dispatcher, is_done: Callable[[], bool]) -> Callable[[], bool]:
    def step() -> bool:
        dispatcher.step()
        return is_done()

    return step


def all_delivered() -> bool:
    return not OutboxMessage.objects.exclude(status="delivered").exists()


def evaluated(cluster: Cluster, at_ms: int) -> None:
    Evaluation.objects.update_or_create(cluster=cluster, defaults={"evaluated_at_ms": at_ms})


def test_what_is_due_leaves_and_is_settled(dispatcher: Dispatcher, receiver: Receiver) -> None:
    a_destination(receiver.url())
    group = a_due_group()
    wait_until(stepping(dispatcher, lambda: messages(group) == [("firing", "delivered")]), within_seconds=5)
    assert dispatcher.under_way == 0


def test_many_groups_reach_one_destination_one_after_the_other(
    dispatcher: Dispatcher, receiver: Receiver, clock: Clock
) -> None:
    a_destination(receiver.url())
    cluster = a_cluster()
    groups = [a_due_group(cluster=cluster, flush_at_ms=NOW_MS - 100 + n) for n in range(30)]
    dispatcher.step()
    assert dispatcher.under_way == 1
    wait_until(stepping(dispatcher, all_delivered), within_seconds=20)
    told = [call.body for call in receiver.calls]
    assert [next(g.pk for g in groups if str(g.uuid).encode() in body) for body in told] == [
        g.pk for g in groups
    ]


def test_destinations_that_hang_do_not_hold_up_the_others(
    dispatcher: Dispatcher, receiver: Receiver, clock: Clock
) -> None:
    receiver.behaviours["/hang"] = hang
    for number in range(10):
        a_destination(receiver.url("/hang"), f"hangs-{number}")
    for number in range(40):
        a_destination(receiver.url(), f"fine-{number}")
    a_due_group()
    began = time.monotonic()
    wait_until(stepping(dispatcher, lambda: len(receiver.bodies()) == 40), within_seconds=5)
    assert time.monotonic() - began < 1.9, "they hang for two seconds"


def test_those_that_failed_before_are_tried_in_a_lane_of_their_own(
    dispatcher: Dispatcher, receiver: Receiver
) -> None:
    receiver.behaviours["/hang"] = hang
    for number in range(FAILING_LANE + 5):
        a_destination(receiver.url("/hang"), f"hangs-{number}")
    Destination.objects.update(failures=3)
    a_destination(receiver.url(), "fine")
    a_due_group()
    dispatcher.step()
    assert dispatcher.under_way == FAILING_LANE + 1


def test_a_test_goes_the_way_of_all_alerts_and_ends_by_itself(
    dispatcher: Dispatcher, receiver: Receiver
) -> None:
    ops = a_destination(receiver.url(), routed=False)
    a_destination(receiver.url("/other"), "other")
    group = begin_test(ops, user=None, via="command", now_ms=NOW_MS)
    wait_until(stepping(dispatcher, lambda: outcome_of(group).has_ended), within_seconds=5)
    assert outcome_of(group).is_delivered
    assert messages(group) == [("test", "delivered")]
    assert [call.path for call in receiver.calls] == ["/hook"]
    group.refresh_from_db()
    assert (group.state, group.flush_at_ms) == ("resolved", None)


def test_a_test_that_fails_says_why(dispatcher: Dispatcher, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = answer(404, b"no_service")
    ops = a_destination(receiver.url())
    a_destination(receiver.url("/night"), "night", is_fallback=True)
    group = begin_test(ops, user=None, via="command", now_ms=NOW_MS)
    wait_until(stepping(dispatcher, lambda: outcome_of(group).has_ended), within_seconds=5)
    outcome = outcome_of(group)
    assert (outcome.is_delivered, outcome.status) == (False, 404)
    assert "404" in outcome.answer
    dispatcher.step()
    assert [call.path for call in receiver.calls] == ["/hook"], "nobody else is told of a test"


def test_a_sign_of_life_leaves_each_minute_while_everything_moves(
    dispatcher: Dispatcher, receiver: Receiver, clock: Clock
) -> None:
    heartbeat.set_heartbeat(receiver.url("/alive"), RING.public_key, user=None, via="command", now_ms=NOW_MS)
    cluster = a_cluster()
    for minute in range(3):
        clock.now_ms = NOW_MS + minute * MINUTE_MS
        evaluated(cluster, clock.now_ms)
        wait_until(
            stepping(dispatcher, lambda minute=minute: len(receiver.bodies("/alive")) == minute + 1),
            within_seconds=5,
        )
        wait_until(stepping(dispatcher, lambda: dispatcher.under_way == 0), within_seconds=5)
    row = Heartbeat.objects.get()
    assert row.last_answer.startswith("200")
    assert {call.method for call in receiver.calls} == {"GET"}
    assert b"alive" not in bytes(row.sealed)


@pytest.mark.parametrize("still", ["rules", "group", "message"])
def test_no_sign_of_life_leaves_while_something_stands_still(receiver: Receiver, still: str) -> None:
    heartbeat.set_heartbeat(receiver.url("/alive"), RING.public_key, user=None, via="command", now_ms=NOW_MS)
    cluster = a_cluster()
    evaluated(cluster, NOW_MS)
    assert standing_still(NOW_MS) == ""
    if still == "rules":
        evaluated(cluster, NOW_MS - MINUTE_MS)
    elif still == "group":
        a_due_group(cluster=cluster, flush_at_ms=NOW_MS - MINUTE_MS)
    else:
        group = a_due_group(cluster=cluster)
        AlertGroup.objects.update(flush_at_ms=None)
        row = a_destination(receiver.url())
        OutboxMessage.objects.create(
            destination=row, group=group, sequence=1, tells="firing", body={}, digest="", created_at_ms=0,
            next_try_at_ms=NOW_MS - MINUTE_MS, expires_at_ms=NOW_MS + MINUTE_MS,
        )  # fmt: skip
        AlertGroup.objects.update(flush_at_ms=None)
    assert standing_still(NOW_MS) != ""
    assert heartbeat.due_ping(NOW_MS) is None
    assert Heartbeat.objects.get().last_answer.startswith("Held back: ")


def test_two_processes_send_one_sign_of_life(receiver: Receiver) -> None:
    heartbeat.set_heartbeat(receiver.url("/alive"), RING.public_key, user=None, via="command", now_ms=NOW_MS)
    assert heartbeat.due_ping(NOW_MS) is not None
    assert heartbeat.due_ping(NOW_MS + 1_000) is None


def test_the_banner_tells_of_a_destination_that_is_out(receiver: Receiver) -> None:
    a_destination(receiver.url())
    a_destination(receiver.url(), "night")
    assert current_trouble(NOW_MS) is None
    Destination.objects.filter(name="ops").update(failing_since_ms=NOW_MS, last_answer="Answered 503.")
    assert current_trouble(NOW_MS + OUT_AFTER_MS - 1) is None
    trouble = current_trouble(NOW_MS + OUT_AFTER_MS)
    assert trouble is not None
    assert (trouble.what, trouble.names, trouble.since_ms) == ("some", ("ops",), NOW_MS)
    Destination.objects.update(failing_since_ms=NOW_MS)
    trouble = current_trouble(NOW_MS + OUT_AFTER_MS)
    assert trouble is not None
    assert (trouble.what, trouble.names) == ("nothing", ("night", "ops"))


def test_the_banner_tells_that_nobody_sends(receiver: Receiver) -> None:
    a_destination(receiver.url())
    a_due_group()
    assert current_trouble(NOW_MS + MINUTE_MS) is None
    trouble = current_trouble(NOW_MS + MINUTE_MS + 1)
    assert trouble is not None
    assert trouble.what == "stuck"


def test_a_step_with_nothing_due_costs_one_query(
    dispatcher: Dispatcher, receiver: Receiver, django_assert_num_queries: Callable[[int], object]
) -> None:
    a_destination(receiver.url())
    a_due_group(flush_at_ms=NOW_MS + 1)
    dispatcher.step()
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        dispatcher.step()
