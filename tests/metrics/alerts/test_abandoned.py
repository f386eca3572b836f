"""What nobody judges any more."""

from typing import Any

import pytest

from clusters import registry
from metrics.alerts import abandoned
from metrics.alerts.models import Alert, AlertEvent, AlertGroup
from tests.metrics.alerts.rows import T0, JudgedCluster, a_match

pytestmark = pytest.mark.django_db

DAY = 86_400_000


def test_a_removed_cluster_takes_its_alerts_along_and_closes_its_groups() -> None:
    cluster = JudgedCluster()
    cluster.judge(T0, a_match())

    registry.remove(cluster.row)

    assert not Alert.objects.exists()
    group = AlertGroup.objects.get()
    assert (group.state, group.resolved_reason) == ("resolved", "cluster_removed")
    assert group.flush_at_ms is not None, "who was told that it fires is told that it is over"


def test_a_group_with_alerts_in_another_cluster_stays_open() -> None:
    cluster, other = JudgedCluster(), JudgedCluster()
    cluster.judge(T0, a_match())
    group = AlertGroup.objects.get()
    other.judge(T0, a_match())
    Alert.objects.update(group=group)

    registry.remove(cluster.row)

    group.refresh_from_db()
    assert group.state == "firing"


def test_what_fires_in_a_paused_cluster_is_unknown() -> None:
    cluster, other = JudgedCluster(), JudgedCluster()
    cluster.judge(T0, a_match())
    other.judge(T0, a_match())
    registry.pause(cluster.row, now_ms=T0)

    assert abandoned.darken_paused(T0 + 1_000) == 1
    assert abandoned.darken_paused(T0 + 2_000) == 0

    assert Alert.objects.get(cluster=cluster.row).state == "unknown"
    assert Alert.objects.get(cluster=other.row).state == "firing"
    assert AlertEvent.objects.get(what="unknown").params == {"reason": "paused", "count": 1}


def test_what_has_been_over_for_long_is_forgotten_and_nothing_else(settings: Any) -> None:
    settings.TOPMAST_ALERT_DAYS = 90
    old, recent, going_on = JudgedCluster(), JudgedCluster(), JudgedCluster()
    for cluster in (old, recent, going_on):
        cluster.judge(T0, a_match())
    old.judge(T0 + 1_000)
    recent.judge(T0 + 2 * DAY)

    abandoned.prune(T0 + 91 * DAY)

    assert set(Alert.objects.values_list("cluster_id", flat=True)) == {recent.row.pk, going_on.row.pk}
    assert AlertGroup.objects.count() == 2
    assert not AlertEvent.objects.filter(group__isnull=True).exists()
