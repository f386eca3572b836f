"""An evaluator that stands still is told by another process."""

import pytest

from clusters import registry
from clusters.models import Cluster
from metrics.alerts import watchdog
from metrics.alerts.models import Alert, AlertGroup
from tests.metrics.alerts.rows import T0, JudgedCluster

pytestmark = pytest.mark.django_db


def late_clusters() -> set[str]:
    return set(Alert.objects.filter(state="firing", rule="evaluator-late").values_list("name", flat=True))


def test_a_cluster_that_is_not_judged_for_three_slots_raises_an_alert_of_the_portal() -> None:
    late, fine = JudgedCluster(), JudgedCluster()
    late.judge(T0)
    fine.judge(T0 + 30_000)

    watchdog.check(T0 + 45_000)
    assert late_clusters() == set()
    watchdog.check(T0 + 45_001)

    assert late_clusters() == {late.row.slug}
    alert, group = Alert.objects.get(), AlertGroup.objects.get()
    assert (alert.cluster, alert.severity, alert.params) == (None, "critical", {"late_seconds": 45})
    assert group.flush_at_ms == T0 + 75_001


def test_it_is_raised_once_and_resolved_when_the_cluster_is_judged_again() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0)
    for at_ms in (50_000, 55_000, 60_000):
        watchdog.check(T0 + at_ms)
    assert Alert.objects.count() == 1

    cluster.judge(T0 + 61_000)
    watchdog.check(T0 + 65_000)

    assert Alert.objects.get().state == "resolved"
    assert AlertGroup.objects.get().state == "resolved"


def test_all_late_clusters_are_one_group() -> None:
    for cluster in (JudgedCluster(), JudgedCluster()):
        cluster.judge(T0)

    watchdog.check(T0 + 60_000)

    assert AlertGroup.objects.get().alerts.count() == 2


def test_a_cluster_that_was_never_judged_is_late_once_it_has_had_its_time() -> None:
    cluster = JudgedCluster()
    Cluster.objects.update(added_at_ms=T0)

    watchdog.check(T0 + 44_000)
    assert late_clusters() == set()
    watchdog.check(T0 + 46_000)
    assert late_clusters() == {cluster.row.slug}


def test_a_proof_from_the_future_is_none() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0 + 3_600_000)

    watchdog.check(T0)

    assert late_clusters() == {cluster.row.slug}


def test_nobody_waits_for_a_paused_or_removed_cluster() -> None:
    paused, removed = JudgedCluster(), JudgedCluster()
    for cluster in (paused, removed):
        cluster.judge(T0)
    watchdog.check(T0 + 60_000)
    registry.pause(paused.row, now_ms=T0)
    registry.remove(removed.row)

    watchdog.check(T0 + 65_000)

    assert late_clusters() == set()
