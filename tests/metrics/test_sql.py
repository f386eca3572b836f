"""Batches in raw SQL."""

import pytest
from django.db import connection

from metrics import sql
from metrics.models import ProcessSeen

TABLE = "metrics_processseen"
COLUMNS = ("name", "role", "seen_at_ms")

pytestmark = pytest.mark.django_db


def rows() -> list[tuple[str, str, int]]:
    return sorted(ProcessSeen.objects.values_list(*COLUMNS))


def test_an_upsert_inserts_new_rows_and_replaces_known_ones() -> None:
    with connection.cursor() as cursor:
        sql.insert_many(cursor, TABLE, COLUMNS, [("a", "worker", 1), ("b", "beat", 1)])
        sql.upsert_many(cursor, TABLE, COLUMNS, key=["name"], rows=[("b", "beat", 2), ("c", "worker", 2)])

    assert rows() == [("a", "worker", 1), ("b", "beat", 2), ("c", "worker", 2)]


def test_inserting_once_leaves_what_is_there() -> None:
    with connection.cursor() as cursor:
        sql.insert_many(cursor, TABLE, COLUMNS, [("a", "worker", 1)])
        sql.insert_many(cursor, TABLE, COLUMNS, [("a", "worker", 9), ("b", "beat", 9)], once=True)

    assert rows() == [("a", "worker", 1), ("b", "beat", 9)]


def test_updates_and_deletes_touch_only_the_rows_of_their_key() -> None:
    with connection.cursor() as cursor:
        sql.insert_many(cursor, TABLE, COLUMNS, [("a", "worker", 1), ("b", "beat", 1), ("c", "beat", 1)])
        sql.update_many(cursor, TABLE, ["seen_at_ms"], key=["name"], rows=[(5, "a"), (5, "nobody")])
        sql.delete_many(cursor, TABLE, key=["name", "role"], rows=[("b", "beat"), ("c", "worker")])

    assert rows() == [("a", "worker", 5), ("c", "beat", 1)]


def test_an_empty_batch_asks_nothing_of_the_database(django_assert_num_queries: object) -> None:
    with connection.cursor() as cursor, django_assert_num_queries(0):  # type: ignore[operator]
        sql.insert_many(cursor, TABLE, COLUMNS, [])
        sql.upsert_many(cursor, TABLE, COLUMNS, key=["name"], rows=[])
        sql.delete_many(cursor, TABLE, key=["name"], rows=[])
