"""Who reads which cluster."""

import pytest

from clusters import leases
from clusters.models import Cluster

pytestmark = pytest.mark.django_db


def a_cluster(**facts: object) -> Cluster:
    serial = Cluster.objects.count()
    ordinary = {
        "slug": f"c{serial}",
        "name": f"c{serial}",
        "server": "https://127.0.0.1:6443",
        "added_at_ms": 0,
    }
    return Cluster.objects.create(**{**ordinary, **facts})


def test_the_first_to_take_a_cluster_has_it() -> None:
    cluster = a_cluster()

    first = leases.take(cluster.pk, "one", 1_000)
    second = leases.take(cluster.pk, "two", 1_000)

    assert first is not None and first.is_new and first.fence == 1
    assert second is None


def test_taking_ones_own_again_keeps_the_fence() -> None:
    cluster = a_cluster()
    leases.take(cluster.pk, "one", 1_000)

    again = leases.take(cluster.pk, "one", 9_000)

    assert again is not None and not again.is_new and again.fence == 1


def test_an_expired_lease_goes_to_another_with_a_higher_fence() -> None:
    cluster = a_cluster()
    leases.take(cluster.pk, "one", 1_000)

    taken = leases.take(cluster.pk, "two", 1_000 + leases.LEASE_MS)

    assert taken is not None and taken.is_new and taken.fence == 2
    assert leases.renew("one", [cluster.pk], 20_000) == {}


def test_a_lease_that_is_handed_over_may_be_taken_at_once() -> None:
    cluster = a_cluster()
    leases.take(cluster.pk, "one", 1_000)
    leases.hand_over("one", cluster.pk)

    assert leases.due(1_001) == [cluster.pk]
    taken = leases.take(cluster.pk, "two", 1_001)

    assert taken is not None and taken.fence == 2


def test_only_the_owner_can_give_a_lease_back() -> None:
    cluster = a_cluster()
    leases.take(cluster.pk, "one", 1_000)

    leases.release("two", [cluster.pk])
    assert leases.due(1_001) == []
    leases.release("one", [cluster.pk])
    assert leases.due(1_001) == [cluster.pk]


def test_a_paused_cluster_is_nobodys() -> None:
    cluster = a_cluster(is_paused=True)

    assert leases.due(1_000) == []
    assert leases.take(cluster.pk, "one", 1_000) is None


def test_renewing_tells_which_are_still_ours() -> None:
    ours, theirs = a_cluster(), a_cluster()
    leases.take(ours.pk, "one", 1_000)
    leases.take(theirs.pk, "two", 1_000)

    assert leases.renew("one", [ours.pk, theirs.pk], 2_000) == {ours.pk: 1}


def test_a_worker_that_starts_frees_what_dead_processes_of_its_host_held() -> None:
    dead, alive, elsewhere = a_cluster(), a_cluster(), a_cluster()
    leases.take(dead.pk, "here:11:a", 1_000)
    leases.take(alive.pk, "here:22:b", 1_000)
    leases.take(elsewhere.pk, "there:11:c", 1_000)

    freed = leases.free_those_of_the_dead("here", lambda pid: pid == 22)

    assert freed == 1
    assert leases.due(1_001) == [dead.pk]
