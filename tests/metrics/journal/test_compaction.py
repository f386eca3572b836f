"""Joining rows in the database."""

import pytest
from django.db import connection

from clusters.models import Cluster
from metrics.journal.compaction import ROUND_MINUTES, compact, compact_due
from metrics.journal.keys import decode_keys, key_of
from metrics.models import JournalEntry
from tests.metrics.journal.builders import seen
from tests.metrics.rows import a_cluster, write_entry, write_keyframe

pytestmark = pytest.mark.django_db

HOUR = 3_600_000
OLD = 100 * HOUR
LATER = OLD + 10 * HOUR


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def spans(cluster: Cluster) -> list[tuple[int, int]]:
    rows = JournalEntry.objects.filter(cluster=cluster).order_by("fence", "first_number")
    return list(rows.values_list("first_number", "last_number"))


def write_each_second(cluster: Cluster, seconds: int, *, at_ms: int = OLD) -> None:
    for number in range(1, seconds + 1):
        write_entry(cluster, number, at_ms + (number - 1) * 1_000, [seen(f"p{number}")])


def test_rows_of_five_old_minutes_become_one(cluster: Cluster) -> None:
    write_each_second(cluster, 310)

    assert compact(cluster.pk, LATER) == 308

    assert spans(cluster) == [(1, 300), (301, 310)]
    row = JournalEntry.objects.get(cluster=cluster, first_number=1)
    assert (row.first_at_ms, row.last_at_ms) == (OLD, OLD + 299_000)
    assert decode_keys(row.keys) == {key_of("Pod", f"p{number}") for number in range(1, 301)}


def test_a_second_run_finds_nothing_to_do(cluster: Cluster) -> None:
    write_each_second(cluster, 120)
    compact(cluster.pk, LATER)

    with connection.execute_wrapper(refuse_writes):
        assert compact(cluster.pk, LATER) == 0


def test_minutes_are_joined_first_and_five_minutes_later(cluster: Cluster) -> None:
    write_each_second(cluster, 120)

    compact(cluster.pk, OLD + HOUR)
    by_the_minute = spans(cluster)
    compact(cluster.pk, OLD + 3 * HOUR)

    assert by_the_minute == [(1, 60), (61, 120)]
    assert spans(cluster) == [(1, 120)]


def test_rows_meet_a_keyframe_but_do_not_cross_it(cluster: Cluster) -> None:
    write_each_second(cluster, 20)
    write_keyframe(cluster, 7, OLD + 6_000, [])

    compact(cluster.pk, LATER)

    assert spans(cluster) == [(1, 7), (8, 20)]


def test_rows_that_somebody_else_takes_away_meanwhile_are_not_written_back(cluster: Cluster) -> None:
    write_each_second(cluster, 20)

    with connection.execute_wrapper(Rival(cluster)):
        assert compact(cluster.pk, LATER) == 0

    assert spans(cluster) == [(number, number) for number in range(2, 21)]


def test_a_clusters_turn_comes_every_few_minutes_and_misses_nothing(cluster: Cluster) -> None:
    write_each_second(cluster, 120)

    turns = [compact_due(cluster.pk, LATER + minute * 60_000) for minute in range(60)]

    assert sum(turns) == 119
    recent = a_cluster()
    write_each_second(recent, 60, at_ms=LATER)
    now_ms = LATER + 11 * 60_000
    assert sum(compact_due(recent.pk, now_ms + minute * 60_000) for minute in range(ROUND_MINUTES)) == 59


def refuse_writes(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    assert sql.startswith("SELECT"), sql
    return execute(sql, params, many, context)


class Rival:
    """Prunes a row between the reading and the writing of a join."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.is_done = False

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        answer = execute(sql, params, many, context)
        if "SAVEPOINT" not in sql and " IN (" in sql and not self.is_done:
            self.is_done = True
            with connection.cursor() as cursor:
                table = JournalEntry._meta.db_table
                cursor.execute(f"DELETE FROM {table} WHERE first_number = 1")
        return answer
