"""What becomes of a group that is due: who is told what, once, and in the right order."""

import pytest

from clusters.models import Cluster
from metrics.alerts.acts import Actor
from metrics.alerts.acts import resolve as resolve_by_hand
from metrics.alerts.grouping import REPEAT_MS
from metrics.alerts.models import Alert, AlertEvent, AlertGroup, Silence
from metrics.alerts.silences import parse_matcher
from metrics.alerts.silencing import add_silence, end_silence
from metrics.notify.models import Destination, OutboxMessage, Route
from metrics.notify.routing import Wanted, add_route
from tests.builders import a_cluster, a_group, a_team, an_alert, granted
from tests.metrics.notify.builders import MINUTE_MS, NOW_MS
from tests.metrics.notify.outbox import Sender, a_destination, a_due_group, due, messages, resolve
from tests.metrics.notify.receivers import Receiver, answer, die

pytestmark = pytest.mark.django_db

HOUR_MS = 60 * MINUTE_MS
AWAY = "https://127.0.0.1:9/hook"


@pytest.fixture
def sender() -> Sender:
    return Sender()


def events(group: AlertGroup) -> list[str]:
    return list(AlertEvent.objects.filter(group=group).order_by("pk").values_list("what", flat=True))


def at(group: AlertGroup) -> int | None:
    group.refresh_from_db()
    return group.flush_at_ms


def silence(text: str, until_ms: int) -> None:
    matchers = [parse_matcher(text)]
    add_silence(
        matchers=matchers, reason="Known.", ends_at_ms=until_ms, user=None, via="command", now_ms=NOW_MS
    )


def test_a_group_that_is_due_is_queued_once_for_each_destination_and_looked_at_again_in_four_hours(
    sender: Sender,
) -> None:
    a_destination(AWAY, "ops")
    a_destination(AWAY, "night")
    group = a_due_group()
    assert sender.flush() == 2
    assert sender.flush() == 0
    assert messages(group) == [("firing", "queued"), ("firing", "queued")]
    assert at(group) == NOW_MS + REPEAT_MS
    assert group.notified_at_ms == NOW_MS
    assert events(group) == ["queued", "queued"]


def test_a_group_that_is_not_due_yet_is_left_alone(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group(flush_at_ms=NOW_MS + 1)
    assert sender.flush() == 0
    assert messages(group) == []


def test_what_nobody_takes_is_noted_once_in_the_trail(sender: Sender) -> None:
    group = a_due_group()
    sender.flush()
    due(group, NOW_MS)
    sender.flush()
    assert events(group) == ["nowhere"]


def test_the_fallback_gets_what_no_route_takes(sender: Sender) -> None:
    night = a_destination(AWAY, "night", is_fallback=True, routed=False)
    dev = a_cluster()
    ops = a_destination(AWAY, "ops", routed=False)
    Route.objects.create(destination=ops, cluster=dev, created_at_ms=0)
    ours, others = a_due_group(cluster=dev), a_due_group()
    sender.flush()
    assert (messages(ours, ops), messages(ours, night)) == ([("firing", "queued")], [])
    assert (messages(others, ops), messages(others, night)) == ([], [("firing", "queued")])


def test_a_destination_hears_only_of_the_alerts_that_its_own_routes_take(sender: Sender) -> None:
    one, two = a_cluster("one"), a_cluster("two")
    ops = a_destination(AWAY, "ops", routed=False)
    Route.objects.create(destination=ops, cluster=one, created_at_ms=0)
    group = a_group(flush_at_ms=NOW_MS, cause="image")
    an_alert(one, group=group)
    an_alert(two, group=group)
    sender.flush()
    body = OutboxMessage.objects.get(destination=ops).body
    assert (body["count"], body["where"][0]) == (1, "one")
    assert "two" not in str(body)


def test_newer_news_takes_the_place_of_what_waits(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    sender.flush()
    an_alert(Cluster.objects.first(), group=group)
    due(group, NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    assert messages(group) == [("firing", "replaced"), ("firing", "queued")]
    first, second = OutboxMessage.objects.order_by("pk")
    assert (second.sequence, second.body["count"]) == (2, 2)
    assert second.expires_at_ms == first.expires_at_ms, "72 h count from the first that could not be told"


def test_the_same_news_do_not(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    sender.flush()
    due(group, NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    assert sender.flush() == 0
    assert messages(group) == [("firing", "queued")]


def test_what_was_never_told_and_is_over_is_one_message_that_says_both(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    sender.flush()
    resolve(group, NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    assert messages(group) == [("firing", "replaced"), ("fired_and_resolved", "queued")]
    assert at(group) is None


def test_what_was_told_is_told_to_be_over(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    group = a_due_group()
    sender.step()
    resolve(group, NOW_MS + MINUTE_MS)
    sender.step(MINUTE_MS)
    assert messages(group) == [("firing", "delivered"), ("resolved", "delivered")]


def test_an_end_waits_while_the_beginning_is_on_its_way(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    group = a_due_group()
    sender.flush()
    parcels = sender.claim()
    resolve(group, NOW_MS)
    sender.flush()
    assert messages(group) == [("firing", "queued")]
    assert at(group) == NOW_MS + 1_000
    sender.settle(sender.send(parcels))
    sender.step(1_000)
    assert messages(group) == [("firing", "delivered"), ("resolved", "delivered")]


def test_an_end_after_a_beginning_that_may_have_arrived_says_both(sender: Sender, receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = die
    a_destination(receiver.url())
    group = a_due_group()
    sender.step()
    resolve(group, NOW_MS + 1_000)
    sender.now_ms += 1_000
    sender.flush()
    assert messages(group) == [("firing", "replaced"), ("fired_and_resolved", "queued")]


def test_a_group_that_goes_on_is_told_again_after_four_hours(sender: Sender, receiver: Receiver) -> None:
    a_destination(receiver.url())
    group = a_due_group()
    sender.step()
    sender.step(REPEAT_MS - 1)
    assert len(receiver.bodies()) == 1
    sender.step(1)
    assert messages(group) == [("firing", "delivered"), ("update", "delivered")]


def test_nothing_at_all_is_told_of_what_was_silenced_all_the_time(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    silence("rule=pod-crash-looping", NOW_MS + HOUR_MS)
    sender.flush()
    assert at(group) == NOW_MS + HOUR_MS, "it is looked at again when the silence ends"
    assert Alert.objects.get().silenced_by is not None
    resolve(group, NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    assert (messages(group), events(group), at(group)) == ([], ["silenced"], None)


def test_what_outlasts_its_silence_is_told_when_that_ends(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    silence("rule=pod-crash-looping", NOW_MS + HOUR_MS)
    sender.flush()
    sender.now_ms += HOUR_MS
    sender.flush()
    assert messages(group) == [("firing", "queued")]
    assert Alert.objects.get().silenced_by is None


def test_a_silence_takes_back_what_waits(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    sender.flush()
    silence("rule=pod-crash-looping", NOW_MS + HOUR_MS)
    due(group, NOW_MS)
    sender.flush()
    assert messages(group) == [("firing", "suppressed")]


def test_who_was_told_of_a_beginning_hears_the_end_though_it_is_silenced(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    group = a_due_group()
    sender.step()
    silence("rule=pod-crash-looping", NOW_MS + HOUR_MS)
    due(group, NOW_MS)
    sender.step(1_000)
    resolve(group, NOW_MS + MINUTE_MS)
    sender.step(MINUTE_MS)
    assert messages(group) == [("firing", "delivered"), ("resolved", "delivered")]


def test_an_end_is_not_told_while_something_goes_on_that_is_only_silenced(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    group = a_due_group(alerts=2)
    sender.step()
    loud, quiet = Alert.objects.filter(group=group).order_by("pk")
    silence(f"name={quiet.name}", NOW_MS + HOUR_MS)
    Alert.objects.filter(pk=loud.pk).update(state="resolved", resolved_at_ms=NOW_MS + 1_000)
    due(group, NOW_MS + 1_000)
    sender.step(1_000)
    assert messages(group) == [("firing", "delivered")]


def test_a_lost_cluster_keeps_its_children_quiet(sender: Sender) -> None:
    a_destination(AWAY)
    cluster = a_cluster()
    lost = a_due_group(cluster=cluster, cause="cluster", rule="cluster-unreachable", severity="critical")
    Alert.objects.filter(group=lost).update(kind="Cluster", namespace="", name="")
    child = a_due_group(cluster=cluster)
    sender.flush()
    assert (messages(lost), messages(child)) == ([("firing", "queued")], [])
    assert Alert.objects.get(group=child).inhibited_by == lost
    assert at(child) == NOW_MS + MINUTE_MS
    resolve(lost, NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    assert messages(child) == [("firing", "queued")]


def test_a_closed_route_is_told_when_it_opens_and_not_of_what_is_over_by_then(sender: Sender) -> None:
    ops = a_destination(AWAY, routed=False)  # 14:25 UTC, a Saturday
    hours = {"days": [0, 1, 2, 3, 4, 5, 6], "from_minute": 16 * 60, "to_minute": 18 * 60, "zone": "UTC"}
    Route.objects.create(destination=ops, hours=hours, created_at_ms=0)
    lasting, passing = a_due_group(), a_due_group()
    sender.flush()
    assert messages() == []
    assert at(lasting) == NOW_MS + 95 * MINUTE_MS
    resolve(passing, NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    sender.now_ms = NOW_MS + 95 * MINUTE_MS
    sender.flush()
    assert (messages(lasting), messages(passing)) == ([("firing", "queued")], [])


def test_a_route_to_a_disabled_destination_counts_as_none(sender: Sender) -> None:
    ops = a_destination(AWAY)
    night = a_destination(AWAY, "night", is_fallback=True, routed=False)
    Destination.objects.filter(pk=ops.pk).update(is_enabled=False)
    group = a_due_group()
    sender.flush()
    assert (messages(group, ops), messages(group, night)) == ([], [("firing", "queued")])


def test_a_destination_that_refuses_has_the_fallback_told_at_once_and_of_the_end_too(
    sender: Sender, receiver: Receiver
) -> None:
    receiver.behaviours["/hook"] = answer(404, b"no_service")
    ops = a_destination(receiver.url())
    night = a_destination(receiver.url("/night"), "night", is_fallback=True, routed=False)
    group = a_due_group()
    sender.step()
    assert messages(group, ops) == [("firing", "failed")]
    sender.step(1_000)
    assert messages(group, night) == [("firing", "delivered")]
    assert messages(group, ops) == [("firing", "failed")], "the same is not tried again and again"
    receiver.behaviours["/hook"] = answer(200)
    resolve(group, NOW_MS + HOUR_MS)
    sender.step(HOUR_MS)
    assert messages(group, night)[-1] == ("resolved", "delivered")
    assert messages(group, ops)[-1] == ("fired_and_resolved", "delivered")


def test_one_group_that_cannot_be_told_about_keeps_no_other_waiting(
    sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    a_destination(AWAY)
    broken, fine = a_due_group(flush_at_ms=NOW_MS - 1), a_due_group()
    Alert.objects.filter(group=broken).update(state="odd")
    sender.flush()
    assert (messages(broken), messages(fine)) == ([], [("firing", "queued")])
    assert at(broken) == NOW_MS + MINUTE_MS
    assert "could not be told about" in caplog.text


def test_only_what_somebody_resolved_is_told_to_be_resolved_by_hand(
    sender: Sender, receiver: Receiver
) -> None:
    a_destination(receiver.url())
    gone, by_hand = a_due_group(), a_due_group()
    sender.run(NOW_MS + 3_000)
    AlertGroup.objects.filter(pk=gone.pk).update(resolved_reason="gone")
    resolve(gone, NOW_MS + MINUTE_MS)
    resolve_by_hand(by_hand.pk, "Known hiccup.", Actor(None, "command", NOW_MS + MINUTE_MS))
    due(by_hand, NOW_MS + MINUTE_MS)
    sender.run(NOW_MS + 2 * MINUTE_MS, every_ms=MINUTE_MS // 4)
    ends = OutboxMessage.objects.filter(tells="resolved")
    assert "by hand" not in ends.get(group=gone).body["sentence"]
    assert "by hand" in ends.get(group=by_hand).body["sentence"]
    assert "Known hiccup" in ends.get(group=by_hand).body["sentence"]


def test_a_storm_of_groups_is_told_in_batches(sender: Sender) -> None:
    a_destination(AWAY)
    cluster = a_cluster()
    for _ in range(45):
        a_due_group(cluster=cluster)
    assert sender.flush() == 45


def test_nothing_due_costs_one_query(sender: Sender, django_assert_num_queries: object) -> None:
    a_destination(AWAY)
    a_due_group(flush_at_ms=NOW_MS + 1)
    with django_assert_num_queries(1):  # type: ignore[operator]
        sender.flush()


def test_a_silence_that_is_ended_early_lets_what_lasts_be_told(sender: Sender) -> None:
    a_destination(AWAY)
    group = a_due_group()
    silence("rule=pod-crash-looping", NOW_MS + HOUR_MS)
    sender.flush()
    end_silence(Silence.objects.get(), user=None, via="command", now_ms=NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    assert messages(group) == [("firing", "queued")]


def test_a_new_route_is_told_of_what_is_open(sender: Sender) -> None:
    ops = a_destination(AWAY, routed=False)
    group = a_due_group()
    sender.flush()
    add_route(ops, Wanted(), user=None, via="command", now_ms=NOW_MS + MINUTE_MS)
    sender.now_ms += MINUTE_MS
    sender.flush()
    assert messages(group) == [("firing", "queued")]


def test_a_team_s_destination_hears_only_of_the_clusters_that_the_team_may_see(sender: Sender) -> None:
    ours, theirs = a_cluster(labels={"team": "shop"}), a_cluster()
    team = a_team()
    granted(team, "team=shop")
    ops = a_destination(AWAY, routed=False)
    Route.objects.create(destination=ops, team=team, created_at_ms=0)
    seen, unseen = a_due_group(cluster=ours), a_due_group(cluster=theirs)
    sender.flush()
    assert (messages(seen), messages(unseen)) == ([("firing", "queued")], [])
