"""Builders of users, teams and rows: say what matters, the rest is ordinary."""

import time
from itertools import count

from clusters.access.models import Grant, Team, User
from clusters.kinds import encode_record, kind_named
from clusters.models import Cluster, ClusterState, Resource
from clusters.state.resource import Resource as State
from clusters.state.summary import Summary, encode_summary
from metrics.alerts.models import Alert, AlertGroup
from metrics.models import ProcessSeen
from metrics.notify.models import Destination, OutboxMessage

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
    facts = {**live, **(state or {})}
    if isinstance(facts.get("summary"), Summary):
        facts["summary"] = encode_summary(facts["summary"])
    ClusterState.objects.update_or_create(cluster=cluster, defaults=facts)
    return cluster


def a_worker(*, seconds_ago: float = 0) -> int:
    """The only worker, seen at work so long ago; when that was."""
    seen_at_ms = time.time_ns() // 1_000_000 - int(seconds_ago * 1000)
    ProcessSeen.objects.update_or_create(
        name="worker 1", defaults={"role": "worker", "seen_at_ms": seen_at_ms}
    )
    return seen_at_ms


def a_row(cluster: Cluster, resource: State) -> Resource:
    """The stored row of one object."""
    columns = {name: getattr(resource, name) for name in _COLUMNS}
    return Resource.objects.create(cluster=cluster, record=encode_record(resource), **columns)


def a_pod_row(cluster: Cluster, name: str = "", **facts: object) -> Resource:
    """A healthy pod on node-1 in shop that asks for half a core and 1 GiB, as a row."""
    ordinary = {"node": "node-1", "workload": "Deployment/web", "cpu_cores": 0.5, "memory_bytes": 1 << 30}
    return a_row(cluster, an_object("Pod", name, **{**ordinary, **facts}))


def a_node_row(cluster: Cluster, name: str = "", **facts: object) -> Resource:
    """A healthy node of 4 cores and 16 GiB, as a row."""
    ordinary = {"namespace": "", "cpu_cores": 4.0, "memory_bytes": 16 << 30}
    return a_row(cluster, an_object("Node", name, **{**ordinary, **facts}))


def an_object(kind: str, name: str = "", **facts: object) -> State:
    """An object of that kind, healthy and in the namespace shop."""
    serial = next(_serial)
    ordinary = {
        "kind": kind, "group": "", "namespace": "shop", "name": name or f"{kind.lower()}-{serial}",
        "uid": f"uid-{serial}", "version": str(serial), "created_ms": 1_000, "health": "healthy",
        "reason": "", "since_ms": 1_000,
    }  # fmt: skip
    try:
        made = kind_named(kind)
    except KeyError:
        return State(**{**ordinary, **facts})
    return made.resource(**{**ordinary, "group": made.group, **facts})


_COLUMNS = ("kind", "group", "namespace", "name", "uid", "health", "reason", "node", "workload")


def an_alert(cluster: Cluster | None, *, group: AlertGroup | None = None, **facts: object) -> Alert:
    """A firing alert of its own group, unless told otherwise."""
    number = next(_serial)
    ordinary: dict[str, object] = {
        "fingerprint": f"{number:032x}", "rule": "pod-crash-looping", "kind": "Pod", "namespace": "shop",
        "name": f"shop-{number}", "severity": "warning", "state": "firing", "since_ms": 1_000,
        "fired_at_ms": 2_000, "last_true_at_ms": 3_000,
    }  # fmt: skip
    facts = {**ordinary, **facts}
    return Alert.objects.create(
        cluster=cluster, group=group or a_group(rule=facts["rule"], severity=facts["severity"]), **facts
    )


def a_group(**facts: object) -> AlertGroup:
    """An open group of a cause of its own, unless told otherwise."""
    ordinary: dict[str, object] = {
        "cause": "workload", "key": f"workload:{next(_serial)}", "rule": "pod-crash-looping",
        "severity": "warning", "state": "firing", "opened_at_ms": 2_000, "since_ms": 1_000,
        "changed_at_ms": 2_000,
    }  # fmt: skip
    return AlertGroup.objects.create(**{**ordinary, **facts})


def a_destination(name: str = "", **facts: object) -> Destination:
    """A Slack channel whose address nobody can open, unless told otherwise."""
    ordinary: dict[str, object] = {
        "kind": "slack", "sealed": b"secret", "key_id": "0" * 16, "host": "hooks.example",
        "fingerprint": "0" * 16, "created_at_ms": 1_000, "changed_at_ms": 1_000,
    }  # fmt: skip
    return Destination.objects.create(name=name or f"destination-{next(_serial)}", **{**ordinary, **facts})


def a_message(group: AlertGroup, destination: Destination, **facts: object) -> OutboxMessage:
    """Something that a destination shall be told, unless told otherwise."""
    ordinary: dict[str, object] = {
        "sequence": next(_serial), "tells": "firing", "body": {}, "digest": "0" * 32, "created_at_ms": 3_000,
        "next_try_at_ms": 3_000, "expires_at_ms": 10**12,
    }  # fmt: skip
    return OutboxMessage.objects.create(group=group, destination=destination, **{**ordinary, **facts})
