"""What the database holds of alerts: rows, groups, trail and when a group is to be told about."""

import random
import time

import msgspec
import pytest

from clusters.models import Lease
from metrics.alerts.effective import Terms
from metrics.alerts.evaluate import ClusterAlerts, evaluate
from metrics.alerts.models import Alert, AlertEvent, AlertGroup, Evaluation
from metrics.alerts.rows import by_hand, restore
from metrics.alerts.storing import store_portal_transitions, store_transitions
from metrics.alerts.values import AlertKey, Match, Seen, Subject
from tests.metrics.alerts.rows import OWNER, RULE, T0, JudgedCluster, a_match, by_workload

pytestmark = pytest.mark.django_db

WAIT = Terms(rule=RULE, severity="warning", for_ms=60_000, keep_firing_for_ms=30_000)


def test_an_alert_that_fires_opens_a_group_that_is_due_to_be_told() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match())

    alert = Alert.objects.get()
    group = AlertGroup.objects.get()
    assert (alert.state, alert.group_id, alert.cluster_id) == ("firing", group.pk, cluster.row.pk)
    assert (alert.params, alert.workload, alert.node) == ({"restarts": 7}, "Deployment/web", "node-1")
    assert (group.state, group.severity, group.rule, group.cause) == ("firing", "warning", RULE, "workload")
    assert (group.opened_at_ms, group.flush_at_ms, group.notified_at_ms) == (T0, T0 + 30_000, None)
    assert list(AlertEvent.objects.values_list("what", "group_id", "alert_id")) == [
        ("fired", group.pk, alert.pk)
    ]


def test_a_pending_alert_is_a_row_without_a_group_and_goes_when_it_is_dropped() -> None:
    cluster = JudgedCluster(terms=WAIT)
    cluster.judge(T0, a_match())
    assert Alert.objects.get().state == "pending"
    assert not AlertGroup.objects.exists()

    cluster.judge(T0 + 1_000)

    assert not Alert.objects.exists()
    assert not AlertEvent.objects.exists()


def test_for_and_keep_firing_for_survive_a_restart_exactly() -> None:
    cluster = JudgedCluster(terms=WAIT)
    cluster.judge(T0, a_match())
    cluster.alerts = restore(cluster.row.pk)
    cluster.judge(T0 + 59_999, a_match())
    assert Alert.objects.get().state == "pending"
    cluster.judge(T0 + 60_000, a_match())
    assert Alert.objects.get().fired_at_ms == T0 + 60_000

    cluster.judge(T0 + 61_000)
    cluster.alerts = restore(cluster.row.pk)
    cluster.judge(T0 + 90_999)
    assert Alert.objects.get().state == "firing"
    cluster.judge(T0 + 91_000)
    assert Alert.objects.get().state == "resolved"


def test_alerts_of_one_cause_are_one_group_that_closes_with_the_last() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match("web-1"), a_match("web-2"))
    cluster.judge(T0 + 1_000, a_match("web-2"))
    group = AlertGroup.objects.get()
    assert (group.state, group.alerts.count()) == ("firing", 2)

    cluster.judge(T0 + 2_000)

    group.refresh_from_db()
    assert (group.state, group.resolved_at_ms, group.resolved_reason) == ("resolved", T0 + 2_000, "condition")
    assert group.flush_at_ms == T0 + 30_000, "what was over before it was told is told as planned"


def test_the_same_cause_after_its_group_was_closed_opens_another() -> None:
    cluster = JudgedCluster()
    for at_ms in (T0, T0 + 2_000):
        cluster.judge(at_ms, a_match())
        cluster.judge(at_ms + 1_000)

    assert list(AlertGroup.objects.values_list("state", flat=True)) == ["resolved", "resolved"]
    assert AlertGroup.objects.values("key").distinct().count() == 1


def test_a_group_that_was_told_about_is_told_again_after_its_interval() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match("web-1"))
    AlertGroup.objects.update(flush_at_ms=None, notified_at_ms=T0 + 30_000)

    cluster.judge(T0 + 60_000, a_match("web-1"), a_match("web-2"))

    assert AlertGroup.objects.get().flush_at_ms == T0 + 330_000


def test_what_grows_worse_does_not_wait_for_the_interval() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match())
    AlertGroup.objects.update(flush_at_ms=None, notified_at_ms=T0 + 30_000)
    cluster.terms = msgspec.structs.replace(cluster.terms, severity="critical")

    cluster.judge(T0 + 60_000, a_match())

    group = AlertGroup.objects.get()
    assert (group.severity, group.flush_at_ms) == ("critical", T0 + 90_000)
    assert AlertEvent.objects.filter(what="changed", params={"severity": "critical"}).exists()


def test_details_that_change_are_stored_and_told_to_nobody() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match())
    AlertGroup.objects.update(flush_at_ms=None, notified_at_ms=T0 + 30_000)

    cluster.judge(T0 + 60_000, msgspec.structs.replace(a_match(), params={"restarts": 8}))

    assert Alert.objects.get().params == {"restarts": 8}
    assert AlertGroup.objects.get().flush_at_ms is None
    assert AlertEvent.objects.count() == 1


def test_a_cluster_that_is_lost_makes_its_alerts_unknown_with_one_line_a_group() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match("web-1"), a_match("web-2"))

    cluster.judge(T0 + 1_000, is_readable=False)

    assert set(Alert.objects.values_list("state", "unknown_since_ms")) == {("unknown", T0 + 1_000)}
    assert AlertGroup.objects.get().state == "unknown"
    event = AlertEvent.objects.get(what="unknown")
    assert (event.params, event.alert_id) == ({"reason": "unreadable", "count": 2}, None)


def test_what_a_worker_that_slept_found_is_refused_whole() -> None:
    cluster, other = JudgedCluster(), JudgedCluster()
    Lease.objects.filter(cluster=cluster.row).update(fence=cluster.fence + 1)
    fired = evaluate(ClusterAlerts(), _seen(a_match()), lambda _key: cluster.terms, T0).transitions

    refused = store_transitions([cluster.found(T0, fired), other.found(T0, fired)], OWNER, by_workload, T0)

    assert refused == {cluster.row.pk}
    assert list(Alert.objects.values_list("cluster_id", flat=True)) == [other.row.pk]
    assert list(Evaluation.objects.values_list("cluster_id", flat=True)) == [other.row.pk]


def test_each_judging_leaves_a_proof_even_where_nothing_happened() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0)
    cluster.judge(T0 + 15_000)

    assert Evaluation.objects.get().evaluated_at_ms == T0 + 15_000


def test_what_a_person_resolved_meanwhile_stays_resolved() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match())
    _resolve_by_hand(T0 + 1_000)

    cluster.judge(T0 + 1_500, msgspec.structs.replace(a_match(), params={"restarts": 8}))

    assert Alert.objects.get().state == "resolved"
    assert Alert.objects.get().params == {"restarts": 7}


def test_what_a_person_resolved_is_found_after_a_restart_until_it_was_over_once() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match())
    _resolve_by_hand(T0 + 1_000)
    cluster.alerts = restore(cluster.row.pk)
    assert set(by_hand([cluster.row.pk])[cluster.row.pk]) == {a_match().key}

    cluster.judge(T0 + 2_000, a_match())
    assert Alert.objects.count() == 1, "quiet while it holds"
    cluster.judge(T0 + 3_000)
    assert by_hand([cluster.row.pk]) == {}
    cluster.judge(T0 + 4_000, a_match())

    assert set(Alert.objects.values_list("state", flat=True)) == {"resolved", "firing"}


def test_names_and_values_that_no_database_takes_are_stored_and_found_again() -> None:
    cluster = JudgedCluster()
    odd = Match(
        key=AlertKey(RULE, Subject("Pod", "n" * 90, "web\0" + "x" * 400)),
        image="i" * 900,
        params={"text": "a\0b" * 400, "share": float("nan"), "unknown": None, "quote": "\\u0000'\"%s"},
    )
    cluster.judge(T0, odd)
    alert = Alert.objects.get()
    assert (alert.params["share"], alert.params["unknown"]) == (None, None)
    assert alert.params["quote"] == "\\u0000'\"%s"
    assert len(alert.name) == 253

    cluster.alerts = restore(cluster.row.pk)
    cluster.judge(T0 + 1_000)

    assert Alert.objects.get().state == "resolved"


def test_several_things_that_happened_to_one_alert_are_stored_in_their_order() -> None:
    cluster = JudgedCluster()
    alerts, transitions = ClusterAlerts(), []
    for at_ms, matches in ((T0, [a_match()]), (T0 + 1, []), (T0 + 2, [a_match()])):
        outcome = evaluate(alerts, _seen(*matches), lambda _key: cluster.terms, at_ms)
        alerts = outcome.after
        transitions += outcome.transitions

    cluster.store(T0 + 3, transitions)

    assert sorted(Alert.objects.values_list("state", flat=True)) == ["firing", "resolved"]
    assert sorted(AlertGroup.objects.values_list("state", flat=True)) == ["firing", "resolved"]
    assert list(AlertEvent.objects.order_by("pk").values_list("what", flat=True)) == [
        "fired", "resolved", "fired",
    ]  # fmt: skip


def test_an_alert_about_the_portal_itself_is_told_once_by_however_many_processes() -> None:
    match = Match(key=AlertKey("evaluator-late", Subject("Cluster", "", "prod")))
    terms = Terms(rule="evaluator-late", severity="critical")
    fired = evaluate(ClusterAlerts(), _seen(match), lambda _key: terms, T0).transitions

    store_portal_transitions(fired, by_workload, T0)
    store_portal_transitions(fired, by_workload, T0)

    assert Alert.objects.get().cluster is None
    assert AlertGroup.objects.get().flush_at_ms == T0 + 30_000


def test_stored_lives_go_on_as_if_nothing_had_been_restarted() -> None:
    """Random lives, restored from the database before every step and not at all, end the same."""
    for seed in range(12):
        dice = random.Random(seed)
        cluster = JudgedCluster(terms=WAIT)
        steady = ClusterAlerts()
        at_ms = T0
        for _ in range(12):
            at_ms += dice.choice([1_000, 15_000, 30_000, 60_000])
            matches = [a_match(f"web-{n}") for n in range(3) if dice.random() < 0.6]
            is_readable = dice.random() < 0.8
            seen = Seen(matches={one.key: one for one in matches}, is_readable=is_readable)
            steady = evaluate(steady, seen, lambda _key: WAIT, at_ms).after
            cluster.alerts = restore(cluster.row.pk)
            cluster.judge(at_ms, *matches, is_readable=is_readable)
            assert cluster.alerts == steady, f"life {seed}"
            assert restore(cluster.row.pk) == steady, f"life {seed}"
            _check_groups()


def test_a_storm_is_stored_in_batches() -> None:
    cluster = JudgedCluster()
    matches = [a_match(f"web-{n}", workload=f"Deployment/w-{n % 100}") for n in range(3_000)]
    fired = evaluate(ClusterAlerts(), _seen(*matches), lambda _key: cluster.terms, T0).transitions

    began = time.monotonic()
    cluster.store(T0, fired)
    took_seconds = time.monotonic() - began

    assert Alert.objects.filter(state="firing").count() == 3_000
    assert AlertGroup.objects.count() == 100
    assert AlertEvent.objects.count() == 3_000
    assert took_seconds < 5, "a row at a time would take longer"


def _check_groups() -> None:
    """A group is open exactly while one of its alerts is, and has a time to be told."""
    for group in AlertGroup.objects.all():
        states = set(group.alerts.values_list("state", flat=True))
        expected = "firing" if "firing" in states else "unknown" if "unknown" in states else "resolved"
        assert group.state == expected
        assert group.flush_at_ms is not None


def _seen(*matches: Match) -> Seen:
    return Seen(matches={one.key: one for one in matches})


def _resolve_by_hand(at_ms: int) -> None:
    Alert.objects.update(state="resolved", resolved_at_ms=at_ms, quiet_until_ms=at_ms + 86_400_000)
    AlertGroup.objects.update(state="resolved")
