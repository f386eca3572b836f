"""clusters_visible_to is the one rule of who may see what."""

import pytest
from django.contrib.auth.models import AnonymousUser

from clusters.access.visibility import clusters_visible_to, visible_cluster
from tests.builders import a_cluster, a_team, a_user, an_admin, granted

pytestmark = pytest.mark.django_db


def names(user) -> list[str]:
    return sorted(cluster.name for cluster in clusters_visible_to(user))


def test_nobody_sees_anything_without_a_grant() -> None:
    a_cluster("one")

    assert names(a_user()) == []
    assert names(AnonymousUser()) == []


def test_an_administrator_sees_every_cluster() -> None:
    a_cluster("one"), a_cluster("two")

    assert names(an_admin()) == ["one", "two"]


def test_a_team_member_sees_what_was_granted_by_name_or_by_selector() -> None:
    one = a_cluster("one")
    a_cluster("two", labels={"env": "prod"})
    a_cluster("three", labels={"env": "stage"})
    bob = a_user()
    team = a_team(bob)
    granted(team, one), granted(team, "env=prod")
    granted(a_team(), "env=stage")

    assert names(bob) == ["one", "two"]


def test_a_selector_that_cannot_be_understood_shows_nothing() -> None:
    a_cluster("one")
    bob = a_user()
    granted(a_team(bob), "(((")

    assert names(bob) == []


def test_a_grant_of_one_namespace_does_not_show_the_whole_cluster() -> None:
    one = a_cluster("one")
    bob = a_user()
    granted(a_team(bob), one, namespaces=["shop"])
    granted(a_team(bob), "*", namespaces=[])

    assert names(bob) == []


def test_somebody_who_may_no_longer_sign_in_sees_nothing() -> None:
    a_cluster("one")
    gone = an_admin()
    gone.is_active = False

    assert names(gone) == []


def test_demo_clusters_disappear_with_the_first_read_of_a_real_one() -> None:
    a_cluster("demo", is_demo=True)
    real = a_cluster("real", state={"connection": "never_reached", "last_read_at_ms": None})
    alice = an_admin()
    assert names(alice) == ["demo", "real"]

    real.state.last_read_at_ms = 5_000
    real.state.save()

    assert names(alice) == ["real"]
    real.state.connection = "unreachable"
    real.state.save()
    assert names(alice) == ["real"], "they do not come back when the real one is lost"


def test_one_cluster_is_found_by_slug_only_by_those_who_may_see_it() -> None:
    one = a_cluster("one")

    assert visible_cluster(an_admin(), "one") == one
    assert visible_cluster(a_user(), "one") is None
    assert visible_cluster(an_admin(), "two") is None


def test_asking_costs_three_queries_however_many_teams_and_clusters(django_assert_num_queries) -> None:
    bob = a_user()
    for number in range(5):
        a_cluster(labels={"env": "prod"})
        granted(a_team(bob), f"env=prod,shard!={number}")

    with django_assert_num_queries(3):
        assert len(clusters_visible_to(bob)) == 5
