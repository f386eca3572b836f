"""From the outbox to receivers over real HTTP: where failing leads, and that nothing leaves twice."""

import base64
import hashlib
import hmac
import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from metrics.alerts.models import AlertEvent, AuditEntry
from metrics.notify import sending
from metrics.notify.expiring import DISABLED_AFTER_MS, expire
from metrics.notify.models import Delivery, Destination, OutboxMessage
from metrics.notify.sending import LEASE_MS
from tests.builders import a_cluster, an_alert
from tests.metrics.notify.builders import MINUTE_MS, NOW_MS
from tests.metrics.notify.outbox import (
    LINE,
    SECRET,
    Sender,
    a_destination,
    a_due_group,
    due,
    messages,
    resolve,
)
from tests.metrics.notify.receivers import Behaviour, Receiver, answer, die, flood, hang, raw, reset_after

pytestmark = pytest.mark.django_db

HOUR_MS = 60 * MINUTE_MS
SLACK_PATH = "/services/T0/B0/x"


@pytest.fixture
def sender() -> Sender:
    return Sender()


def only_message() -> OutboxMessage:
    return OutboxMessage.objects.get()


def the_destination() -> Destination:
    return Destination.objects.get()


def waits_ms() -> int:
    """How long until the destination may be asked again."""
    return the_destination().closed_until_ms - NOW_MS


def test_a_message_arrives_signed_and_with_its_id(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    a_due_group()
    assert sender.step() == 1
    call, row = receiver.calls[0], only_message()
    assert (row.status, row.attempts, row.ended_at_ms) == ("delivered", 1, NOW_MS)
    assert call.headers["webhook-id"] == str(row.uuid)
    signed = f"{row.uuid}.{call.headers['webhook-timestamp']}.".encode() + call.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert call.headers["webhook-signature"] == f"v1,{expected}"
    assert call.headers["webhook-timestamp"] == str(NOW_MS // 1000)
    assert json.loads(call.body)["data"]["title"].startswith("Warning:")


def test_what_came_of_it_is_kept(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    group = a_due_group()
    sender.step()
    delivery = Delivery.objects.get()
    assert (delivery.outcome, delivery.status, delivery.at_ms) == ("delivered", 200, NOW_MS)
    assert delivery.latency_ms is not None
    sent = AlertEvent.objects.get(group=group, what="sent")
    assert (sent.params["destination"], sent.params["attempt"], sent.params["status"]) == ("ops", 1, 200)
    row = the_destination()
    assert (row.failures, row.failing_since_ms, row.last_success_at_ms) == (0, None, NOW_MS)


TRANSIENT: dict[str, Behaviour] = {
    "429": answer(429), "500": answer(500), "502": answer(502), "503": answer(503), "504": answer(504),
    "dies": die, "resets": reset_after(b""), "garbage": raw(b"\x00\x01\x02\r\n\r\n"),
}  # fmt: skip
PERMANENT: dict[str, Behaviour] = {
    "301": answer(301, location="http://169.254.169.254/"), "307": answer(307, location="http://[::1]/"),
    "400": answer(400, b"invalid_payload"), "403": answer(403), "404": answer(404, b"no_service"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSIENT)
def test_what_may_pass_is_tried_again_with_the_same_id(sender: Sender, receiver: Receiver, name: str) -> None:
    receiver.behaviours["/hook"] = TRANSIENT[name]
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    row = the_destination()
    assert (messages(), waits_ms()) == ([("firing", "queued")], 5_000)
    assert (row.failures, row.failing_since_ms, row.has_refused) == (1, NOW_MS, False)
    assert row.last_answer
    assert sender.step(4_999) == 0
    receiver.behaviours["/hook"] = answer(200)
    assert sender.step(1) == 1
    assert messages() == [("firing", "delivered")]
    ids = {call.headers["webhook-id"] for call in receiver.calls}
    assert (len(receiver.calls), ids) == (2, {str(only_message().uuid)})
    assert the_destination().failing_since_ms is None


@pytest.mark.parametrize("name", PERMANENT)
def test_what_will_not_pass_is_given_up_and_followed_nowhere(
    sender: Sender, receiver: Receiver, name: str
) -> None:
    receiver.behaviours["/hook"] = PERMANENT[name]
    a_destination(receiver.url())
    group = a_due_group()
    sender.step()
    row = the_destination()
    assert (messages(), row.has_refused, row.is_enabled) == ([("firing", "failed")], True, True)
    assert [call.path for call in receiver.calls] == ["/hook"]
    assert AlertEvent.objects.filter(group=group, what="failed").count() == 1


def test_a_receiver_that_is_gone_is_asked_no_more(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = answer(410)
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    assert (messages(), the_destination().is_enabled) == ([("firing", "failed")], False)


def test_one_that_hangs_is_tried_again(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = hang
    sender.line = LINE.__class__(allowed_ranges=LINE.allowed_ranges, connect_seconds=1, whole_seconds=0.3)
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    assert (messages(), waits_ms()) == ([("firing", "queued")], 5_000)
    assert Delivery.objects.get().status is None


def test_an_answer_of_a_gigabyte_is_an_answer(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = flood
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    assert messages() == [("firing", "delivered")]
    assert len(Delivery.objects.get().answer) <= 300


def test_one_that_took_the_body_and_died_gets_it_once_more_with_the_same_id(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.behaviours["/hook"] = die
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    receiver.behaviours["/hook"] = answer(200)
    sender.run(NOW_MS + MINUTE_MS)
    assert len(receiver.calls) == 2
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1


@pytest.mark.parametrize(("asked", "waits"), [("7", 7_000), ("0", 1_000), ("86400", 900_000), ("x", 5_000)])
def test_retry_after_is_honoured_within_reason(
    sender: Sender, receiver: Receiver, asked: str, waits: int
) -> None:
    receiver.behaviours["/hook"] = answer(429, retry_after=asked)
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    assert waits_ms() == waits


def test_retry_after_may_be_a_moment(sender: Sender, receiver: Receiver) -> None:
    stamp = "%a, %d %b %Y %H:%M:%S GMT"
    now, later = (datetime.fromtimestamp(NOW_MS / 1000 + s, UTC).strftime(stamp) for s in (0, 30))
    receiver.behaviours["/hook"] = answer(503, retry_after=later, date=now)
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    assert waits_ms() == 30_000


def test_tries_come_after_0_5_15_60_and_180_seconds_and_then_every_five_minutes_for_three_days(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.behaviours["/hook"] = answer(503)
    a_destination(receiver.url())
    a_due_group()
    tries = []
    for _ in range(12):
        assert sender.step() == 1
        tries.append(sender.now_ms)
        sender.now_ms = the_destination().closed_until_ms
    gaps = [(later - earlier) // 1000 for earlier, later in itertools.pairwise(tries)]
    assert gaps == [5, 15, 60, 180, *[300] * 7]
    sender.now_ms = NOW_MS + 72 * HOUR_MS
    assert expire(sender.now_ms) == 1
    assert OutboxMessage.objects.first().status == "expired"


def test_one_that_refuses_for_two_weeks_is_switched_off(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = answer(404)
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    expire(NOW_MS + DISABLED_AFTER_MS - 1)
    assert the_destination().is_enabled
    expire(NOW_MS + DISABLED_AFTER_MS)
    assert not the_destination().is_enabled


def test_what_expired_is_told_to_the_fallback(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = answer(503)
    a_destination(receiver.url())
    night = a_destination(receiver.url("/night"), "night", is_fallback=True, routed=False)
    group = a_due_group()
    sender.flush()
    sender.now_ms += 72 * HOUR_MS
    expire(sender.now_ms)
    sender.step()
    assert messages(group, night) == [("firing", "delivered")]
    assert "expired" in AlertEvent.objects.filter(group=group).values_list("what", flat=True)


def test_after_a_quarter_of_an_hour_without_success_the_fallback_is_told_too(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.behaviours["/hook"] = answer(503)
    ops = a_destination(receiver.url())
    night = a_destination(receiver.url("/night"), "night", is_fallback=True, routed=False)
    group = a_due_group()
    sender.run(NOW_MS + 14 * MINUTE_MS, every_ms=5_000)
    assert messages(group, night) == []
    sender.run(NOW_MS + 22 * MINUTE_MS, every_ms=5_000)
    assert messages(group, night) == [("firing", "delivered")]
    assert messages(group, ops) == [("firing", "queued")], "and it is tried on"


def test_down_for_six_hours_with_many_changes_is_one_message_a_group_in_order(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.behaviours["/hook"] = answer(503)
    a_destination(receiver.url())
    cluster = a_cluster()
    groups = [a_due_group(cluster=cluster) for _ in range(5)]
    for change in range(36):
        for group in groups:
            an_alert(cluster, group=group, since_ms=NOW_MS + change)
            due(group, sender.now_ms)
        sender.run(sender.now_ms + 10 * MINUTE_MS, every_ms=MINUTE_MS)
    resolve(groups[0], sender.now_ms)
    failed = len(receiver.calls)
    receiver.behaviours["/hook"] = answer(200)
    sender.run(sender.now_ms + 15 * MINUTE_MS, every_ms=MINUTE_MS)
    arrived = [json.loads(body)["data"] for body in receiver.bodies()[failed:]]
    assert sorted(data["group"] for data in arrived) == sorted(str(group.uuid) for group in groups)
    states = {data["group"]: data["state"] for data in arrived}
    assert states.pop(str(groups[0].uuid)) == "fired_and_resolved"
    assert set(states.values()) == {"firing"}
    assert {data["count"] for data in arrived} == {37}
    assert failed < 36 * 5, "a receiver that is down is not asked for each message"


def test_two_senders_at_once_never_send_twice(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    a_destination(receiver.url("/two"), "two")
    a_due_group()
    other = Sender("sender-2")
    sender.flush()
    found = sending.candidates(NOW_MS)
    mine = sending.claim(found, sender.owner, NOW_MS)
    theirs = sending.claim(found, other.owner, NOW_MS)
    assert (len(mine), theirs) == (2, [])
    assert other.claim() == []


def test_a_message_whose_sender_died_is_sent_again_with_the_same_id_when_the_lease_is_over(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    a_due_group()
    sender.flush()
    sender.send(sender.claim())  # and dies before it could say so
    other = Sender("sender-2")
    assert other.step(LEASE_MS - 1) == 0
    assert other.step(1) == 1
    assert len(receiver.calls) == 2
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    assert (messages(), only_message().attempts) == ([("firing", "delivered")], 2)


def test_the_word_of_a_sender_that_lost_its_lease_counts_no_more(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    a_due_group()
    sender.flush()
    late = sender.send(sender.claim())
    receiver.behaviours["/hook"] = answer(503)
    other = Sender("sender-2", now_ms=NOW_MS + LEASE_MS)
    taken = other.claim()
    sender.now_ms += LEASE_MS
    sender.settle(late)
    assert only_message().status == "queued"
    other.settle(other.send(taken))
    assert (only_message().status, the_destination().failures) == ("queued", 1)
    assert Delivery.objects.count() == 2, "but both are in the trail"


def test_a_sender_that_was_held_up_since_its_claim_sends_nothing(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    a_due_group()
    sender.flush()
    parcels = sender.claim()
    sender.now_ms += LEASE_MS
    sender.send(parcels)
    assert receiver.calls == []


def test_a_product_that_bears_one_message_a_second_gets_one_a_second(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_destination(receiver.url("/hooks/x"), kind="mattermost")
    receiver.behaviours["/hooks/x"] = answer(200, b"ok")
    for _ in range(3):
        a_due_group()
    gap_ms = sending.kind_named("mattermost").least_gap_ms
    assert gap_ms > 0
    assert [sender.step(), sender.step(gap_ms - 1), sender.step(1), sender.step(gap_ms)] == [1, 0, 1, 1]


def test_a_rich_form_that_is_refused_is_sent_once_more_as_plain_text(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.behaviours["/hooks/x"] = answer(400, b"invalid")
    a_destination(receiver.url("/hooks/x"), kind="mattermost")
    a_due_group()
    sender.step()
    assert (messages(), only_message().as_plain_text) == ([("firing", "queued")], True)
    receiver.behaviours["/hooks/x"] = answer(200, b"ok")
    sender.step(5_000)
    rich, plain = (json.loads(body) for body in receiver.bodies("/hooks/x"))
    assert ("attachments" in rich, "attachments" in plain) == (True, False)
    assert messages() == [("firing", "delivered")]


def test_plain_text_that_is_refused_as_well_is_given_up(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hooks/x"] = answer(400, b"invalid")
    a_destination(receiver.url("/hooks/x"), kind="mattermost")
    a_due_group()
    sender.step()
    sender.step(5_000)
    assert (messages(), len(receiver.calls)) == ([("firing", "failed")], 2)


def test_a_blocked_address_is_said_to_be_one_and_tried_on(sender: Sender, receiver: Receiver) -> None:
    sender.line = LINE.__class__()
    a_destination(receiver.url())
    a_due_group()
    sender.step()
    assert (messages(), receiver.calls) == ([("firing", "queued")], [])
    assert the_destination().last_answer.startswith("Blocked address")
    sender.step(5_000)
    blocked = AuditEntry.objects.get(action="address_blocked")
    assert (blocked.via, blocked.params["host"]) == ("worker", "127.0.0.1"), "once, not at each try"


def test_an_address_that_was_moved_to_another_host_behind_our_back_does_not_open(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    Destination.objects.update(host="evil.example")
    a_due_group()
    sender.step()
    assert (messages(), receiver.calls) == ([("firing", "queued")], [])
    assert "cannot be opened" in the_destination().last_answer


def test_no_row_ever_holds_the_address(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/verysecret"] = answer(500, b"no such hook /verysecret")
    a_destination(receiver.url("/verysecret"))
    a_due_group()
    sender.step()
    rows = [*Destination.objects.values(), *OutboxMessage.objects.values(), *AlertEvent.objects.values()]
    assert "/verysecret" not in str([{k: v for k, v in row.items() if k != "sealed"} for row in rows])
    assert b"verysecret" not in bytes(the_destination().sealed)


def test_one_message_that_its_receiver_cannot_bear_does_not_keep_the_others_waiting(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    poison, fine = a_due_group(), a_due_group()

    def picky(call: object) -> None:
        is_poison = str(poison.uuid).encode() in call.body  # type: ignore[attr-defined]
        answer(500 if is_poison else 200)(call)  # type: ignore[arg-type]

    receiver.behaviours["/hook"] = picky
    sender.run(NOW_MS + 30 * MINUTE_MS, every_ms=5_000)
    assert messages(fine) == [("firing", "delivered")]
    assert messages(poison) == [("firing", "queued")]


def test_nothing_to_send_costs_one_query(sender: Sender, django_assert_num_queries: object) -> None:
    a_destination("https://127.0.0.1:9/hook")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert sending.candidates(NOW_MS) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyhow")
def test_processes_side_by_side_write_and_take_each_message_once(receiver: Receiver) -> None:
    for number in range(12):
        a_destination(receiver.url(f"/{number}"), f"d-{number}")
    cluster = a_cluster()
    for _ in range(15):
        a_due_group(cluster=cluster)
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        sender = Sender(f"sender-{number}")
        try:
            barrier.wait(10)
            for _ in range(60):
                sender.step(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    ids = [call.headers["webhook-id"] for call in receiver.calls]
    assert len(ids) == len(set(ids)), "nothing was sent twice"
    assert OutboxMessage.objects.count() == 12 * 15
    assert len(ids) == OutboxMessage.objects.filter(status="delivered").count()


def test_what_a_dead_process_of_this_host_had_claimed_is_free_at_once(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    a_due_group()
    sender.flush()
    claimed = sending.claim(sending.candidates(NOW_MS), "here:7:ab", NOW_MS)

    assert sending.candidates(NOW_MS) == []
    assert sending.free_those_of_the_dead("elsewhere", lambda pid: False, NOW_MS) == 0
    assert sending.free_those_of_the_dead("here", lambda pid: pid == 7, NOW_MS) == 0
    assert sending.free_those_of_the_dead("here", lambda pid: False, NOW_MS) == 1
    assert [one.message_id for one in sending.candidates(NOW_MS)] == [claimed[0].message_id]
    assert only_message().attempts == 1


def test_a_destination_that_failed_meanwhile_stays_closed_when_the_dead_are_cleared_away(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    a_due_group()
    sender.flush()
    sending.claim(sending.candidates(NOW_MS), "here:7:ab", NOW_MS)
    Destination.objects.update(closed_until_ms=NOW_MS + HOUR_MS)

    sending.free_those_of_the_dead("here", lambda pid: False, NOW_MS)

    assert waits_ms() == HOUR_MS
