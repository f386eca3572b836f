"""What the hub reads of the clusters' rows."""

import pytest

from clusters.models import ClusterState
from metrics.live.rows import CardReader
from tests.metrics.rows import a_cluster

pytestmark = pytest.mark.django_db


def a_state(connection: str) -> ClusterState:
    return ClusterState.objects.create(cluster=a_cluster(), connection=connection, last_read_at_ms=1_000)


def test_a_live_cluster_that_was_only_read_again_is_no_news() -> None:
    state, reader = a_state("live"), CardReader()
    assert len(reader.read().cards) == 1

    ClusterState.objects.filter(pk=state.pk).update(last_read_at_ms=6_000)

    assert reader.read().cards == []


def test_a_cluster_that_cannot_be_read_tells_when_it_was_read_last() -> None:
    state, reader = a_state("unreachable"), CardReader()
    reader.read()

    ClusterState.objects.filter(pk=state.pk).update(last_read_at_ms=6_000)

    assert len(reader.read().cards) == 1


def test_a_live_cluster_that_has_got_further_is_news() -> None:
    state, reader = a_state("live"), CardReader()
    reader.read()

    ClusterState.objects.filter(pk=state.pk).update(number=7)

    assert len(reader.read().cards) == 1
