"""Count, rows and moment of one answer are of one moment, while somebody else writes."""

import threading

import pytest
from django.db import connection, connections

from clusters.api.moment import one_moment
from clusters.models import Cluster
from tests.builders import a_cluster


def in_another_thread(work) -> None:
    """Work with a connection of its own, as another process would."""
    failed: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "the writer waits for the reader"
    if failed:
        raise failed[0]


@pytest.fixture
def on_disk(settings):
    """Two connections see the same SQLite only where it is a file."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("SQLite in memory lets a second connection wait for the first")


@pytest.mark.django_db(transaction=True)
def test_what_is_written_meanwhile_shows_only_afterwards(on_disk) -> None:
    a_cluster("one")

    with one_moment():
        assert Cluster.objects.count() == 1
        in_another_thread(lambda: a_cluster("two"))
        assert [cluster.name for cluster in Cluster.objects.all()] == ["one"]

    assert Cluster.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_transaction_ends_also_when_reading_fails() -> None:
    with pytest.raises(RuntimeError), one_moment():
        raise RuntimeError("no such luck")

    a_cluster("one")
    assert Cluster.objects.count() == 1
