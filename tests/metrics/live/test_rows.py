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
    assert len(reader.read({}).cards) == 1

    ClusterState.objects.filter(pk=state.pk).update(last_read_at_ms=6_000)

    assert reader.read({}).cards == []


def test_a_cluster_that_cannot_be_read_tells_when_it_was_read_last() -> None:
    state, reader = a_state("unreachable"), CardReader()
    reader.read({})

    ClusterState.objects.filter(pk=state.pk).update(last_read_at_ms=6_000)

    assert len(reader.read({}).cards) == 1


def test_a_live_cluster_that_has_got_further_is_news() -> None:
    state, reader = a_state("live"), CardReader()
    reader.read({})

    ClusterState.objects.filter(pk=state.pk).update(number=7)

    assert len(reader.read({}).cards) == 1


def stamps(state: ClusterState, number: int, at_ms: int) -> dict[str, tuple[int, int, int]]:
    return {str(state.cluster.uuid): (state.fence, number, at_ms)}


def test_the_row_of_a_live_cluster_is_no_news_where_its_frames_told_as_much() -> None:
    state, reader = a_state("live"), CardReader()
    reader.read({})
    rows = ClusterState.objects.filter(pk=state.pk)

    rows.update(number=7, taken_at_ms=5_000)
    assert reader.read(stamps(state, 7, 5_000)).cards == []
    rows.update(number=8, taken_at_ms=6_000)
    assert [card.number for card in reader.read(stamps(state, 7, 5_000)).cards] == [8]
    rows.update(taken_at_ms=7_000)
    assert [card.at_ms for card in reader.read(stamps(state, 8, 6_000)).cards] == [7_000]


def test_a_cluster_that_was_paused_by_hand_is_news_though_its_frames_are_ahead() -> None:
    state, reader = a_state("live"), CardReader()
    reader.read({})

    ClusterState.objects.filter(pk=state.pk).update(connection="paused")

    assert len(reader.read(stamps(state, 9, 9_000)).cards) == 1
