"""What the journal forgets, and what it must not."""

import os

import pytest

from clusters.models import Cluster
from metrics.journal.reading import state_at
from metrics.journal.retention import DAY_MS, prune
from metrics.models import JournalEntry, Snapshot
from tests.metrics.journal.builders import resource, seen
from tests.metrics.rows import a_cluster, write_entry, write_keyframe

pytestmark = pytest.mark.django_db

HOUR = 3_600_000
START = 1_000 * DAY_MS


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def write_hours(cluster: Cluster, hours: int, *, noise_bytes: int = 0) -> None:
    """A keyframe each hour and a change in the middle of it."""
    for hour in range(hours):
        at_ms = START + hour * HOUR
        noise = os.urandom(noise_bytes // 2).hex()
        write_keyframe(cluster, 2 * hour + 1, at_ms, [resource(f"p{hour}", reason=noise)])
        write_entry(cluster, 2 * hour + 2, at_ms + HOUR // 2, [seen(f"p{hour + 1}")])


def kept(cluster: Cluster) -> tuple[int, int]:
    return (
        Snapshot.objects.filter(cluster=cluster).count(),
        JournalEntry.objects.filter(cluster=cluster).count(),
    )


def test_nothing_young_is_forgotten(cluster: Cluster) -> None:
    write_hours(cluster, 10)

    assert prune(START + 7 * DAY_MS) == 0
    assert kept(cluster) == (10, 10)


def test_what_no_kept_moment_needs_is_forgotten(cluster: Cluster) -> None:
    write_hours(cluster, 10)
    cut_ms = START + 4 * HOUR + 60_000

    assert prune(cut_ms + 7 * DAY_MS) == 8

    assert kept(cluster) == (6, 6)
    past = state_at(cluster.pk, cut_ms)
    assert past is not None and set(past.resources) == {("Pod", "p4")}
    assert state_at(cluster.pk, START + 3 * HOUR) is None


def test_the_last_keyframe_is_kept_however_old(cluster: Cluster) -> None:
    write_keyframe(cluster, 1, START, [resource("a")])
    write_entry(cluster, 2, START + HOUR, [seen("b")])

    assert prune(START + 400 * DAY_MS) == 0

    past = state_at(cluster.pk, START + 400 * DAY_MS)
    assert past is not None and len(past.resources) == 2


def test_rows_from_before_the_first_keyframe_go_by_age(cluster: Cluster) -> None:
    write_entry(cluster, 1, START, [seen("a")])
    write_entry(cluster, 2, START + 2 * DAY_MS, [seen("b")])

    assert prune(START + DAY_MS + 7 * DAY_MS) == 1
    assert kept(cluster) == (0, 1)


def test_the_oldest_of_all_clusters_go_where_the_size_is_over(
    cluster: Cluster, settings: pytest.FixtureRequest
) -> None:
    other = a_cluster()
    write_hours(cluster, 20, noise_bytes=40_000)
    write_hours(other, 20, noise_bytes=40_000)
    settings.TOPMAST_JOURNAL_GB = 0.0005  # type: ignore[attr-defined]

    prune(START + DAY_MS)

    (snapshots, entries), (others, _) = kept(cluster), kept(other)
    assert snapshots == entries == others
    assert 5 <= snapshots <= 15
    assert prune(START + DAY_MS) == 0
    past = state_at(cluster.pk, START + 20 * HOUR)
    assert past is not None and set(past.resources) == {("Pod", "p19"), ("Pod", "p20")}


def test_a_size_that_is_not_reached_takes_nothing(cluster: Cluster, settings: pytest.FixtureRequest) -> None:
    write_hours(cluster, 5, noise_bytes=40_000)
    settings.TOPMAST_JOURNAL_GB = 0.0005  # type: ignore[attr-defined]

    assert prune(START + DAY_MS) == 0
