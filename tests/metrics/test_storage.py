"""Room in the database."""

import sqlite3
from pathlib import Path

import pytest
from django.db import connection

from metrics.models import UsageRound
from metrics.storage import (
    PAGES_AT_ONCE,
    PAGES_KEPT_FREE,
    delete_in_slices,
    give_back_pages,
    used_bytes,
)
from tests.metrics.rows import a_cluster

pytestmark = pytest.mark.django_db


def a_file_with_free_pages(path: Path, auto_vacuum: str) -> sqlite3.Connection:
    found = sqlite3.connect(path, isolation_level=None)
    found.execute(f"PRAGMA auto_vacuum={auto_vacuum}")
    found.execute("PRAGMA journal_mode=WAL").fetchall()
    found.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB)")
    found.executemany("INSERT INTO t (filling) VALUES (?)", [(b"x" * 400_000,) for _ in range(60)])
    found.execute("DELETE FROM t WHERE n > 1")
    return found


def fill(rounds: int, size_bytes: int) -> None:
    cluster = a_cluster()
    UsageRound.objects.bulk_create(
        [UsageRound(cluster=cluster, at_ms=n, pods=b"\x01" * size_bytes) for n in range(rounds)]
    )


def test_rows_are_deleted_a_slice_at_a_time(django_assert_num_queries: object) -> None:
    fill(25, 10)

    # Each slice looks, opens, deletes and closes; the last look finds nothing.
    with django_assert_num_queries(3 * 4 + 1):  # type: ignore[operator]
        assert delete_in_slices(UsageRound.objects.filter(at_ms__lt=23), at_once=10) == 23

    assert UsageRound.objects.count() == 2


def test_the_room_that_is_used_grows_with_what_is_kept() -> None:
    before = used_bytes()
    if connection.vendor == "sqlite":
        fill(100, 100_000)
        assert used_bytes() > before + 9_000_000
    else:
        assert before > 0


def test_free_pages_go_back_to_the_disk_but_for_what_will_be_wanted_again(tmp_path: Path) -> None:
    found = a_file_with_free_pages(tmp_path / "t.sqlite3", "INCREMENTAL")
    (free,) = found.execute("PRAGMA freelist_count").fetchone()

    returned = give_back_pages(found.cursor())
    again = give_back_pages(found.cursor())

    assert free - PAGES_KEPT_FREE - PAGES_AT_ONCE < returned <= free - PAGES_KEPT_FREE
    assert again == 0
    found.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (tmp_path / "t.sqlite3").stat().st_size < (PAGES_KEPT_FREE + PAGES_AT_ONCE + 200) * 4096
    assert found.execute("SELECT count(*) FROM t").fetchone() == (1,)
    found.close()


def test_no_more_is_given_back_at_once_than_asked(tmp_path: Path) -> None:
    found = a_file_with_free_pages(tmp_path / "t.sqlite3", "INCREMENTAL")

    assert give_back_pages(found.cursor(), most_pages=PAGES_AT_ONCE) == PAGES_AT_ONCE
    found.close()


def test_a_file_that_cannot_shrink_is_left_alone(tmp_path: Path) -> None:
    found = a_file_with_free_pages(tmp_path / "t.sqlite3", "NONE")

    assert give_back_pages(found.cursor()) == 0
    found.close()
