"""The thread through which an event loop asks the database."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db.backends.signals import connection_created

from clusters.models import Cluster
from metrics.database import DatabaseThread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def database() -> Iterator[DatabaseThread]:
    thread = DatabaseThread()
    yield thread
    thread.stop()


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The threads that have opened a connection."""
    names: list[str] = []

    def note(**_: object) -> None:
        names.append(threading.current_thread().name)

    connection_created.connect(note)
    yield names
    connection_created.disconnect(note)


def test_its_connection_is_kept_from_one_question_to_the_next(
    database: DatabaseThread, opened: list[str]
) -> None:
    counts = [database.call(Cluster.objects.count), asyncio.run(database.run(Cluster.objects.count))]

    assert counts == [0, 0]
    assert opened == ["database_0"]
