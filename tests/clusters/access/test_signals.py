"""Every change of access raises the epoch and wakes the sockets of whom it concerns."""

import json
import os
import socket
import subprocess
import time

import pytest
import redis

from clusters import wakeups
from clusters.access.models import User
from tests.builders import a_cluster, a_team, a_user, granted


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    """A Redis of our own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
        env={**os.environ},
    )
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as client:
        for _ in range(100):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
    yield url
    server.terminate()
    server.wait(10)


@pytest.fixture
def heard(redis_url, settings):
    """What was published since the last call."""
    settings.REDIS_URL = redis_url
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listener:
        listener.subscribe(wakeups.ACCESS_CHANNEL, wakeups.CLUSTERS_CHANNEL)
        for _ in range(2):
            listener.get_message(timeout=2)

        def hear() -> list[dict]:
            found = []
            while message := listener.get_message(timeout=0.1):
                found.append(json.loads(message["data"]))
            return found

        yield hear


def epoch(user: User) -> int:
    return User.objects.values_list("access_epoch", flat=True).get(pk=user.pk)


@pytest.mark.django_db(transaction=True)
def test_joining_a_team_or_a_new_grant_concerns_the_members_alone(heard) -> None:
    bob, eve = a_user(), a_user()
    team = a_team()
    heard()

    team.members.add(bob)
    assert heard() == [{"users": [bob.pk]}]
    granted(team, "*")
    assert heard() == [{"users": [bob.pk]}]
    bob.teams.remove(team)
    assert heard() == [{"users": [bob.pk]}]

    assert (epoch(bob), epoch(eve)) == (5, 2)


@pytest.mark.django_db(transaction=True)
def test_a_removed_grant_team_or_user_is_told(heard) -> None:
    bob = a_user()
    team = a_team(bob)
    grant = granted(team, "*")
    heard()

    grant.delete()
    assert heard() == [{"users": [bob.pk]}]
    team.members.clear()
    assert heard() == [{"users": [bob.pk]}]
    team.members.add(bob)
    team.delete()
    assert heard()[-1] == {"users": [bob.pk]}
    pk = bob.pk
    bob.delete()
    assert heard() == [{"users": [pk]}]


@pytest.mark.django_db(transaction=True)
def test_other_labels_of_a_cluster_concern_everybody(heard) -> None:
    bob = a_user()
    before = epoch(bob)
    cluster = a_cluster()
    heard()

    cluster.labels = {"env": "prod"}
    cluster.save()

    assert heard() == [{"all": True}]
    assert epoch(bob) == before + 2


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_wakes_nobody(heard) -> None:
    from django.db import transaction

    bob, team = a_user(), a_team()
    heard()

    with pytest.raises(RuntimeError), transaction.atomic():
        team.members.add(bob)
        raise RuntimeError("changed my mind")

    assert heard() == []


def test_a_cluster_is_announced_by_its_uuid(heard) -> None:
    wakeups.publish_cluster("0a0b")
    wakeups.publish_cluster(None)

    assert heard() == [{"cluster": "0a0b"}, {"cluster": None}]


def test_a_lost_redis_is_said_once_and_stops_nobody(settings, caplog, tmp_path) -> None:
    settings.REDIS_URL = f"unix://:hush@{tmp_path}/nothing.sock?db=0"

    wakeups.publish_cluster("0a0b")
    wakeups.publish_cluster("0a0b")

    assert len(caplog.records) == 1
    assert "hush" not in caplog.text


def test_a_redis_that_does_not_answer_costs_less_than_a_second(settings) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        started = time.monotonic()

        wakeups.publish_cluster("0a0b")

    assert time.monotonic() - started < 1
