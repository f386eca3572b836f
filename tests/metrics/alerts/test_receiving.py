"""What becomes of the alerts that Alertmanagers send."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from django.db import connection

from clusters import registry
from clusters.models import Cluster
from metrics.alerts import abandoned, receiving
from metrics.alerts.acts import Actor, resolve
from metrics.alerts.evaluate import ClusterAlerts
from metrics.alerts.models import Alert, AlertEvent, AlertGroup
from metrics.alerts.rows import by_hand, restore
from metrics.keeping import keep
from metrics.notify.members import facts_of
from tests.builders import a_cluster, a_pod_row, a_team, a_user, an_admin, an_alert, granted
from tests.metrics.alerts.rows import T0, JudgedCluster, a_match
from tests.metrics.alerts.sent import an_alert_sent, is_over, send

pytestmark = pytest.mark.django_db

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
OURS = {"alertname": "KubePodCrashLooping"}


@pytest.fixture
def prod() -> Cluster:
    return a_cluster("prod")


@pytest.fixture
def bob(prod):
    """Somebody who sees the cluster prod alone."""
    bob = a_user("bob")
    granted(a_team(bob), prod)
    return bob


def states() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("state", flat=True))


def trail() -> list[str]:
    return list(AlertEvent.objects.order_by("pk").values_list("what", flat=True))


def an_alert_of_ours(cluster: Cluster, **facts) -> Alert:
    return an_alert(cluster, **{"rule": "pod-crash-looping", "namespace": "shop", "name": "web-1", **facts})


def test_what_fires_is_an_alert_of_a_group_that_is_due_to_be_told(bob, prod) -> None:
    receipt = send(bob, an_alert_sent(labels={"queue": "mail"}))

    assert (receipt.taken, receipt.folded, receipt.refused) == (1, 0, [])
    alert, group = Alert.objects.get(), AlertGroup.objects.get()
    assert (alert.cluster, alert.source, alert.rule, alert.severity) == (
        prod,
        "alertmanager",
        "QueueTooLong",
        "critical",
    )
    assert (alert.state, alert.since_ms, alert.fired_at_ms) == ("firing", T0, T0 + 1_000)
    assert (alert.kind, alert.namespace, alert.name) == ("Pod", "shop", "web-1")
    assert alert.labels["queue"] == "mail"
    assert alert.params["sentence"] == "The queue is too long."
    assert (group.cause, group.severity, group.flush_at_ms) == ("workload", "critical", T0 + 31_000)
    assert trail() == ["fired"]


def test_a_pod_is_grouped_with_what_ours_of_its_workload_would_be(bob, prod) -> None:
    a_pod_row(prod, "web-1", node="node-7", workload="Deployment/web")
    a_pod_row(prod, "web-2", workload="Deployment/web")

    send(bob, an_alert_sent(), an_alert_sent(labels={"pod": "web-2"}))

    alert = Alert.objects.get(name="web-1")
    assert (alert.node, alert.workload) == ("node-7", "Deployment/web")
    assert AlertGroup.objects.get().key == f"workload:{prod.uuid}:shop:Deployment/web"


def test_the_same_sent_again_changes_nothing_but_when_it_was_heard_of(bob) -> None:
    send(bob, an_alert_sent())
    AlertGroup.objects.update(flush_at_ms=None, notified_at_ms=T0 + 31_000)
    before = Alert.objects.values().get()
    group = AlertGroup.objects.values().get()

    receipt = send(bob, an_alert_sent(), now_ms=T0 + 4 * HOUR_MS)

    assert (receipt.taken, receipt.folded) == (1, 0)
    assert Alert.objects.values().get() == {**before, "last_true_at_ms": T0 + 4 * HOUR_MS}
    assert AlertGroup.objects.values().get() == group
    assert trail() == ["fired"]


def test_the_two_of_a_pair_make_one_alert(bob) -> None:
    mine = an_alert_sent(generatorURL="http://prometheus-0/g", startsAt="2023-11-14T22:13:20.1Z")
    theirs = an_alert_sent(generatorURL="http://prometheus-1/g", startsAt="2023-11-14T22:13:22Z")

    send(bob, mine)
    send(bob, theirs, now_ms=T0 + 2_000)
    assert states() == ["firing"]

    for moment in (3_000, 4_000):
        send(bob, is_over(mine, T0 + 2_500), now_ms=T0 + moment)
    assert states() == ["resolved"]
    assert trail() == ["fired", "resolved"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time anyhow")
def test_the_two_of_a_pair_at_the_same_moment_make_one_alert_that_fired_once(bob) -> None:
    both, rounds = threading.Barrier(2), range(10)

    def one_of_them() -> None:
        for number in rounds:
            both.wait(timeout=10)
            send(bob, *(an_alert_sent(labels={"pod": f"web-{number}-{n}"}) for n in range(20)))
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(one_of_them), pool.submit(one_of_them)]:
            done.result(timeout=30)

    assert Alert.objects.count() == 200
    assert trail() == ["fired"] * 200


def test_what_is_over_is_resolved_and_its_group_told(bob) -> None:
    send(bob, an_alert_sent())
    send(bob, is_over(an_alert_sent(), T0 + 60_000), now_ms=T0 + 61_000)

    alert, group = Alert.objects.get(), AlertGroup.objects.get()
    assert (alert.state, alert.end_reason, alert.resolved_at_ms) == ("resolved", "condition", T0 + 61_000)
    assert (group.state, group.flush_at_ms) == ("resolved", T0 + 31_000)


def test_the_end_of_what_never_fired_here_makes_nothing(bob) -> None:
    receipt = send(bob, is_over(an_alert_sent(), T0 + 500))

    assert (receipt.taken, receipt.folded, receipt.refused) == (1, 0, [])
    assert not Alert.objects.exists() and not AlertGroup.objects.exists()


def test_an_end_that_comes_late_does_not_end_what_began_since(bob) -> None:
    send(bob, an_alert_sent())
    send(bob, is_over(an_alert_sent(), T0 - 1), now_ms=T0 + 2_000)
    assert states() == ["firing"]


def test_what_begins_and_ends_within_one_notification_is_stored_in_its_order(bob) -> None:
    over = is_over(an_alert_sent(), T0 + 500)

    send(bob, over, an_alert_sent(), over, an_alert_sent())

    assert states() == ["resolved", "firing"]
    assert trail() == ["fired", "resolved", "fired"]


def test_what_fires_again_after_its_end_is_another_alert(bob) -> None:
    send(bob, an_alert_sent())
    send(bob, is_over(an_alert_sent(), T0 + 1_500), now_ms=T0 + 2_000)
    send(bob, an_alert_sent(), now_ms=T0 + 3_000)
    assert states() == ["resolved", "firing"]


def test_a_beginning_in_the_future_was_told_by_a_clock_that_is_wrong(bob) -> None:
    send(bob, an_alert_sent(startsAt="2199-01-01T00:00:00Z"))
    assert Alert.objects.get().since_ms == T0 + 1_000


@pytest.mark.parametrize("name", ["prod", "Production, EU"])
def test_a_cluster_is_known_by_its_slug_and_by_its_name(bob, prod, name) -> None:
    Cluster.objects.update(name="Production, EU")
    send(bob, an_alert_sent(labels={"cluster": name}))
    assert Alert.objects.get().cluster == prod


def test_a_name_of_several_clusters_is_none_unless_it_is_a_slug() -> None:
    admin = an_admin()
    for slug in ("prod", "other", "third"):
        a_cluster(slug)
    Cluster.objects.exclude(slug="third").update(name="third")
    send(admin, an_alert_sent(labels={"cluster": "third"}))
    assert Alert.objects.get().cluster.slug == "third"

    Cluster.objects.update(name="twins")
    (refused,) = send(admin, an_alert_sent(labels={"cluster": "twins"})).refused
    assert refused.reason == "Several clusters are called twins: send the slug as the label cluster."


def test_a_cluster_one_may_not_see_is_refused_as_one_that_is_not_there(bob) -> None:
    theirs = a_cluster("theirs")

    receipt = send(
        bob,
        an_alert_sent(labels={"cluster": "theirs"}),
        an_alert_sent(labels={"cluster": theirs.name}),
        an_alert_sent(labels={"cluster": "nowhere"}),
        an_alert_sent(labels={"cluster": None}),
        an_alert_sent(),
    )

    assert (receipt.taken, receipt.folded) == (1, 0)
    assert [(one.index, one.reason) for one in receipt.refused] == [
        (0, "Its cluster theirs is not there, or nothing that you may see."),
        (1, "Its cluster theirs is not there, or nothing that you may see."),
        (2, "Its cluster nowhere is not there, or nothing that you may see."),
        (3, "It has no label cluster."),
    ]
    assert Alert.objects.get().cluster.slug == "prod"


def test_a_stranger_ends_nothing(bob) -> None:
    send(bob, an_alert_sent())
    receipt = send(a_user("charlie"), is_over(an_alert_sent(), T0 + 1_500), now_ms=T0 + 2_000)

    assert len(receipt.refused) == 1
    assert states() == ["firing"]


def test_an_administrator_may_send_of_clusters_that_are_not_registered(prod) -> None:
    admin = an_admin()
    receipt = send(
        admin,
        an_alert_sent(labels={"cluster": "edge-7"}),
        an_alert_sent(labels={"cluster": "edge-7", "pod": None, "namespace": None}),
        an_alert_sent(labels={"cluster": None, "pod": None, "namespace": None}),
    )

    assert (receipt.taken, receipt.refused) == (3, [])
    assert set(Alert.objects.values_list("cluster", flat=True)) == {None}
    assert set(AlertGroup.objects.values_list("cause", "key")) == {
        ("workload", "workload:edge-7:shop:Pod/web-1"),
        ("cluster", "cluster:edge-7:QueueTooLong"),
        ("inbound", "inbound:QueueTooLong"),
    }
    send(admin, is_over(an_alert_sent(labels={"cluster": "edge-7"}), T0 + 1_500), now_ms=T0 + 2_000)
    assert sorted(states()) == ["firing", "firing", "resolved"]


def test_what_is_told_of_them_names_the_cluster_as_it_was_sent() -> None:
    admin = an_admin()
    send(admin, an_alert_sent(labels={"cluster": "edge-7"}), an_alert_sent(labels={"cluster": None}))

    told = {facts_of(alert).cluster_name for alert in Alert.objects.select_related("cluster")}

    assert told == {"edge-7", "A cluster that is not registered"}
    assert facts_of(an_alert(None, kind="Portal")).cluster_name == ""


@pytest.mark.parametrize("state", ["firing", "unknown"])
def test_what_our_own_rule_found_too_is_folded_with_one_line_in_its_trail(bob, prod, state) -> None:
    ours = an_alert_of_ours(prod, state=state)

    for _ in range(3):
        receipt = send(bob, an_alert_sent(labels=OURS), an_alert_sent(labels={**OURS, "container": "b"}))
        assert (receipt.taken, receipt.folded, receipt.refused) == (0, 2, [])

    assert Alert.objects.get() == ours
    assert list(AlertEvent.objects.values_list("what", "alert_id", "group_id", "params")) == [
        ("also_seen", ours.pk, ours.group_id, {"by": "alertmanager"})
    ]


def test_each_firing_of_ours_has_its_own_line(bob, prod) -> None:
    for _ in range(2):
        an_alert_of_ours(prod)
        send(bob, an_alert_sent(labels=OURS))
        Alert.objects.update(state="resolved")
    assert trail() == ["also_seen", "also_seen"]


def test_the_end_of_what_was_folded_ends_nothing_of_ours(bob, prod) -> None:
    an_alert_of_ours(prod)
    receipt = send(bob, is_over(an_alert_sent(labels=OURS), T0 + 500))
    assert (receipt.taken, receipt.folded) == (0, 1)
    assert states() == ["firing"]


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "web-2"},
        {"namespace": "other"},
        {"rule": "pod-not-ready"},
        {"state": "resolved"},
        {"kind": "Node"},
    ],
)
def test_what_is_not_the_same_of_ours_is_not_folded(bob, prod, facts) -> None:
    an_alert_of_ours(prod, **facts)
    receipt = send(bob, an_alert_sent(labels=OURS))
    assert (receipt.taken, receipt.folded) == (1, 0)


def test_the_same_in_another_cluster_is_not_folded(bob) -> None:
    an_alert_of_ours(a_cluster("other"))
    assert send(bob, an_alert_sent(labels=OURS)).folded == 0


def test_what_ours_only_waits_for_is_taken_and_ends_when_ours_fires(bob) -> None:
    """Told by one of the two in any case, and as one group."""
    cluster = JudgedCluster()
    granted(a_team(bob), cluster.row)
    sent = an_alert_sent(labels={**OURS, "cluster": cluster.row.slug})
    an_alert_of_ours(cluster.row, state="pending", group=None)
    assert send(bob, sent).folded == 0
    Alert.objects.filter(source="topmast").delete()
    a_pod_row(cluster.row, "web-1", workload="Deployment/web")

    cluster.judge(T0 + 2_000, a_match("web-1"))
    receipt = send(bob, sent, now_ms=T0 + 3_000)

    assert receipt.folded == 1
    inbound = Alert.objects.get(source="alertmanager")
    assert (inbound.state, inbound.end_reason) == ("resolved", "folded")
    assert Alert.objects.get(source="topmast").state == "firing"


def test_both_are_one_group(bob) -> None:
    cluster = JudgedCluster()
    granted(a_team(bob), cluster.row)
    a_pod_row(cluster.row, "web-1", workload="Deployment/web")

    send(bob, an_alert_sent(labels={**OURS, "cluster": cluster.row.slug}))
    cluster.judge(T0 + 2_000, a_match("web-1"))

    assert AlertGroup.objects.get().alerts.count() == 2


def test_what_a_person_resolved_is_not_told_again_for_a_day(bob) -> None:
    send(bob, an_alert_sent())
    resolve(AlertGroup.objects.get().pk, "Known.", Actor(bob, "page", T0 + 2_000))

    send(bob, an_alert_sent(), now_ms=T0 + 4 * HOUR_MS)
    assert states() == ["resolved"]

    send(bob, an_alert_sent(), now_ms=T0 + 2_000 + DAY_MS)
    assert states() == ["resolved", "firing"]
    assert not Alert.objects.filter(quiet_until_ms__isnull=False).exists()


def test_what_a_person_resolved_may_be_told_again_once_it_was_over(bob) -> None:
    send(bob, an_alert_sent())
    resolve(AlertGroup.objects.get().pk, "Known.", Actor(bob, "page", T0 + 2_000))

    send(bob, is_over(an_alert_sent(), T0 + 3_000), now_ms=T0 + 4_000)
    assert states() == ["resolved"]
    send(bob, an_alert_sent(), now_ms=T0 + 5_000)
    assert states() == ["resolved", "firing"]


def test_what_a_person_resolved_of_ours_is_not_told_by_theirs(bob, prod) -> None:
    an_alert_of_ours(prod, state="resolved", quiet_until_ms=T0 + HOUR_MS)

    assert send(bob, an_alert_sent(labels=OURS)).folded == 1
    assert send(bob, an_alert_sent(labels=OURS), now_ms=T0 + HOUR_MS).folded == 0


def test_what_is_not_heard_of_for_half_a_day_is_unknown_and_never_resolved(bob) -> None:
    send(bob, an_alert_sent(), an_alert_sent(labels={"pod": "web-2"}), now_ms=T0)
    send(bob, an_alert_sent(labels={"pod": "web-2"}), now_ms=T0 + HOUR_MS)

    assert receiving.lapse(T0 + 12 * HOUR_MS) == 0
    assert receiving.lapse(T0 + 12 * HOUR_MS + 1) == 1
    assert receiving.lapse(T0 + 12 * HOUR_MS + 2) == 0
    assert states() == ["unknown", "firing"]
    assert receiving.lapse(T0 + 400 * DAY_MS) == 1
    assert states() == ["unknown", "unknown"]

    send(bob, an_alert_sent(), now_ms=T0 + 401 * DAY_MS)
    assert states() == ["firing", "unknown"]
    assert Alert.objects.get(state="firing").unknown_since_ms is None
    send(bob, is_over(an_alert_sent(labels={"pod": "web-2"}), T0 + DAY_MS), now_ms=T0 + 402 * DAY_MS)
    assert states() == ["firing", "resolved"]


def test_keeping_asks_for_it_also_of_what_is_about_no_cluster(prod) -> None:
    send(an_admin(), an_alert_sent(labels={"cluster": "edge-7"}), an_alert_sent(), now_ms=T0)
    keep(T0 + 13 * HOUR_MS)
    assert states() == ["unknown", "unknown"]
    assert {event.params["reason"] for event in AlertEvent.objects.filter(what="unknown")} == {"not_heard"}


def test_those_who_judge_a_cluster_never_see_what_was_sent(bob) -> None:
    cluster = JudgedCluster()
    granted(a_team(bob), cluster.row)
    label = {"cluster": cluster.row.slug}
    send(bob, an_alert_sent(labels=label), an_alert_sent(labels={**label, "pod": "web-2"}))
    group = Alert.objects.get(name="web-2").group
    resolve(group.pk, "Known.", Actor(bob, "page", T0 + 2_000))

    assert restore(cluster.row.pk) == ClusterAlerts()
    assert by_hand([cluster.row.pk]) == {}
    cluster.alerts = restore(cluster.row.pk)
    cluster.terms = msgspec.structs.replace(cluster.terms, is_off=True)
    cluster.judge(T0 + 3_000)
    cluster.judge(T0 + 4_000, is_readable=False)

    assert states() == ["firing", "resolved"]
    assert Alert.objects.get(name="web-2").quiet_until_ms is not None


def test_what_was_sent_of_a_paused_cluster_fires_on(bob, prod) -> None:
    send(bob, an_alert_sent())
    registry.pause(prod, now_ms=T0)
    assert abandoned.darken_paused(T0 + 2_000) == 0
    assert states() == ["firing"]


def test_thousands_at_once_are_a_few_statements_each_hundred(bob, django_assert_max_num_queries) -> None:
    many = [an_alert_sent(labels={"pod": f"web-{number}"}) for number in range(1_200)]

    with django_assert_max_num_queries(200):
        assert send(bob, *many).taken == 1_200

    assert Alert.objects.count() == 1_200


def test_names_of_any_length_and_kind_are_stored_and_found_again(bob) -> None:
    odd = an_alert_sent(
        labels={
            "alertname": "é" * 1_000,
            "pod": "☸" * 1_000,
            "namespace": "\u202e" * 1_000,
            "a\0b": "\ufffe{}%s'\"",
        }
    )
    send(bob, odd)
    send(bob, odd, now_ms=T0 + 2_000)
    assert states() == ["firing"]
    send(bob, is_over(odd, T0 + 2_500), now_ms=T0 + 3_000)
    assert states() == ["resolved"]
