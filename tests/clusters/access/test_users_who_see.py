"""Who sees a cluster is the one rule the other way round."""

import pytest

from clusters.access.models import User
from clusters.access.visibility import clusters_visible_to, users_who_see
from clusters.models import Cluster
from tests.builders import a_cluster, a_team, a_user, an_admin, granted

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """Everybody who may and may not see something, in each of the ways there are."""
    prod, dev = a_cluster("prod", labels={"env": "prod"}), a_cluster("dev", labels={"env": "dev"})
    a_cluster("demo", labels={"env": "prod"}, is_demo=True)
    an_admin("alice")
    gone = an_admin("gone")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    a_user("nobody")
    for name, of in (("by-name", prod), ("by-label", "env=prod"), ("all", "*"), ("not-prod", "env!=prod")):
        granted(a_team(a_user(name)), of)
    granted(a_team(a_user("a-part")), dev, namespaces=["shop"])
    granted(a_team(a_user("broken")), "env in (")
    twice = a_user("twice")
    granted(a_team(twice), prod)
    granted(a_team(twice), dev)


def expected(clusters: list[Cluster]) -> set[str]:
    wanted = {cluster.pk for cluster in clusters}
    return {
        user.username
        for user in User.objects.all()
        if wanted & set(clusters_visible_to(user).values_list("pk", flat=True))
    }


@pytest.mark.parametrize("names", [["prod"], ["dev"], ["demo"], ["prod", "dev"], ["prod", "demo"], []])
@pytest.mark.parametrize("is_read", [True, False])
def test_it_says_the_same_as_asking_everybody(people, names, is_read) -> None:
    if not is_read:
        for cluster in Cluster.objects.filter(is_demo=False):
            cluster.state.last_read_at_ms = None
            cluster.state.save()
    clusters = list(Cluster.objects.filter(name__in=names))

    found = [user.username for user in users_who_see(clusters)]

    assert set(found) == expected(clusters)
    assert len(found) == len(set(found))
