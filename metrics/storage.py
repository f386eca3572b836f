"""Room in the database: how much is used, deleting without long locks, giving back what is free."""

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from metrics.models import JournalEntry, Snapshot

ROWS_AT_ONCE = 100
"""In one transaction: with rows of 60 kB some 25 ms."""
PAGES_AT_ONCE = 500
PAGES_KEPT_FREE = 2_000
"""8 MB that the next minutes will want again."""


def delete_in_slices(rows: QuerySet[Any], *, at_once: int = ROWS_AT_ONCE) -> int:
    """Delete rows, a slice a transaction, so that nobody waits long; how many are gone.

    Rows are found by their id alone: nothing may refer to them. Others may be deleting the same.
    """
    gone = 0
    while ids := list(rows.order_by("id").values_list("id", flat=True)[:at_once]):
        with transaction.atomic():
            gone += rows.model._default_manager.filter(id__in=ids).delete()[0]
    return gone


def used_bytes() -> int:
    """An upper bound of what journal and keyframes take up, asked cheaply."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            pages, free, page_bytes = (
                _pragma(cursor, name) for name in ("page_count", "freelist_count", "page_size")
            )
            return (pages - free) * page_bytes
        cursor.execute(
            "SELECT pg_total_relation_size(%s) + pg_total_relation_size(%s)",
            [JournalEntry._meta.db_table, Snapshot._meta.db_table],
        )
        return int(cursor.fetchone()[0])


def give_back() -> int:
    """Return free pages of a SQLite file to the disk; how many. PostgreSQL does this by itself."""
    if connection.vendor != "sqlite":
        return 0
    with connection.cursor() as cursor:
        return give_back_pages(cursor)


def give_back_pages(cursor: Any, *, most_pages: int = 20 * PAGES_AT_ONCE) -> int:
    """Return free pages, a slice a transaction, all but what the next minutes will want again.

    The file must have been made with `auto_vacuum=INCREMENTAL`; of another none can be returned.
    """
    returned = 0
    while returned < most_pages and _pragma(cursor, "freelist_count") >= PAGES_KEPT_FREE + PAGES_AT_ONCE:
        before = _pragma(cursor, "page_count")
        cursor.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})")
        cursor.fetchall()  # It frees a page for each row that is fetched.
        freed = before - _pragma(cursor, "page_count")
        if freed <= 0:
            break
        returned += freed
    return returned


def _pragma(cursor: Any, name: str) -> int:
    cursor.execute(f"PRAGMA {name}")
    return int(cursor.fetchone()[0])
