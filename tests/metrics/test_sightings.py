"""Who was seen at work, and who counts as being there."""

import pytest

from clusters import leases
from clusters.models import Lease
from metrics.models import ProcessSeen
from metrics.sightings import is_at_work, last_seen_at_ms
from tests.builders import a_cluster

NOW_MS = 1_800_000_000_000


def seen(role: str, seconds_ago: int, name: str = "") -> None:
    ProcessSeen.objects.create(name=name or role, role=role, seen_at_ms=NOW_MS - seconds_ago * 1000)


def hold(seconds_ago: int) -> None:
    """A cluster that a worker took, and keeps, so long ago."""
    leases.take(a_cluster().pk, "host:7:abc", NOW_MS - seconds_ago * 1000)


@pytest.mark.parametrize(
    ("seconds_ago", "is_there"), [(-5, True), (0, True), (30, True), (30.001, False), (3_600, False)]
)
def test_a_process_counts_as_there_for_thirty_seconds(seconds_ago: float, is_there: bool) -> None:
    assert is_at_work(NOW_MS - int(seconds_ago * 1000), NOW_MS) is is_there


def test_a_process_that_was_never_seen_is_not_there() -> None:
    assert not is_at_work(None, NOW_MS)


@pytest.mark.django_db
def test_the_latest_of_a_roles_processes_counts() -> None:
    seen("worker", 300, "one")
    seen("worker", 40, "two")
    seen("beat", 1)

    assert last_seen_at_ms("worker", NOW_MS) == NOW_MS - 40_000
    assert last_seen_at_ms("beat", NOW_MS) == NOW_MS - 1_000


@pytest.mark.django_db
def test_a_worker_that_renews_its_leases_is_at_work_though_beat_is_away() -> None:
    seen("worker", 300)
    seen("beat", 300)
    hold(5)

    assert last_seen_at_ms("worker", NOW_MS) == NOW_MS - 5_000
    assert last_seen_at_ms("beat", NOW_MS) == NOW_MS - 300_000


@pytest.mark.django_db
def test_leases_that_ran_out_or_were_given_back_make_no_worker() -> None:
    assert last_seen_at_ms("worker", NOW_MS) is None
    hold(0)
    Lease.objects.create(cluster=a_cluster())
    leases.release("host:7:abc", list(Lease.objects.values_list("cluster_id", flat=True)))
    assert last_seen_at_ms("worker", NOW_MS) is None
    seen("worker", 60)
    hold(90)

    assert last_seen_at_ms("worker", NOW_MS) == NOW_MS - 60_000
