"""Builders of users, teams and rows: say what matters, the rest is ordinary."""

from itertools import count

from clusters.access.models import Grant, Team, User
from clusters.models import Cluster, ClusterState

_serial = count(1)


def a_user(name: str = "", *, password: str | None = None, **facts: object) -> User:
    """Somebody who sees nothing yet."""
    name = name or f"user-{next(_serial)}"
    return User.objects.create_user(name, password=password, **facts)


def an_admin(name: str = "") -> User:
    """Somebody who sees everything."""
    return a_user(name, is_superuser=True, is_staff=True)


def a_team(*members: User, name: str = "") -> Team:
    """A team of these people, without a grant."""
    name = name or f"team-{next(_serial)}"
    team = Team.objects.create(name=name, slug=name)
    team.members.add(*members)
    return team


def granted(team: Team, of: Cluster | str, **facts: object) -> Grant:
    """What the team may see: one cluster, or those a selector selects."""
    if isinstance(of, str):
        return Grant.objects.create(team=team, selector=of, **facts)
    return Grant.objects.create(team=team, cluster=of, **facts)


def a_cluster(name: str = "", *, state: dict[str, object] | None = None, **facts: object) -> Cluster:
    """A registered cluster and its state, live unless told otherwise."""
    name = name or f"cluster-{next(_serial)}"
    ordinary = {"slug": name, "server": "https://127.0.0.1:6443", "added_at_ms": 1_000}
    cluster = Cluster.objects.create(name=name, **{**ordinary, **facts})
    live = {
        "health": "healthy", "connection": "live", "last_read_at_ms": 2_000, "taken_at_ms": 2_000,
        "fence": 1, "number": 1,
    }  # fmt: skip
    ClusterState.objects.update_or_create(cluster=cluster, defaults={**live, **(state or {})})
    return cluster
