"""Batches of rows in raw SQL that SQLite and PostgreSQL both understand.

The ORM's bulk calls cost 192 ms for 5,000 upserts where executemany costs 23 ms; a batch of the
pipeline has to stay under 100 ms, so it is written here and only here. Table and column names come
from our own code, never from outside.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

AT_ONCE = 500
"""How many keys one query names at most."""


class Cursor(Protocol):
    """The part of a database cursor that is used here."""

    @property
    def rowcount(self) -> int:
        """How many rows the last call touched in all."""
        ...

    def executemany(self, sql: str, param_list: Sequence[Sequence[Any]]) -> object:
        """Run one statement for each row of parameters."""


def insert_many(
    cursor: Cursor, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, once: bool = False
) -> None:
    """Insert rows. With `once`, rows that are there already (by any unique key) are left as they are."""
    if rows:
        tail = " ON CONFLICT DO NOTHING" if once else ""
        cursor.executemany(_insert(table, columns) + tail, rows)


def upsert_many(
    cursor: Cursor,
    table: str,
    columns: Sequence[str],
    *,
    key: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Insert rows, or replace the other columns of those whose `key` is there already."""
    if rows:
        changed = ", ".join(f"{_q(c)} = excluded.{_q(c)}" for c in columns if c not in key)
        tail = f" ON CONFLICT ({_names(key)}) DO UPDATE SET {changed}"
        cursor.executemany(_insert(table, columns) + tail, rows)


def update_many(
    cursor: Cursor,
    table: str,
    columns: Sequence[str],
    *,
    key: Sequence[str],
    rows: Sequence[Sequence[Any]],
    only: str = "",
) -> int:
    """Set `columns` of the rows found by `key`; each row of parameters is the columns, then the key.

    How many were found. `only` is a condition in SQL that they have to meet as well.
    """
    if not rows:
        return 0
    changed = ", ".join(f"{_q(c)} = %s" for c in columns)
    found = f"{_where(key)} AND {only}" if only else _where(key)
    cursor.executemany(f"UPDATE {_q(table)} SET {changed} WHERE {found}", rows)  # noqa: S608
    return cursor.rowcount


def delete_many(cursor: Cursor, table: str, *, key: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Delete the rows found by `key`."""
    if rows:
        cursor.executemany(f"DELETE FROM {_q(table)} WHERE {_where(key)}", rows)  # noqa: S608


def parts(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """The keys, as many at a time as one query names."""
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {_q(table)} ({_names(columns)}) VALUES ({places})"  # noqa: S608


def _where(key: Iterable[str]) -> str:
    return " AND ".join(f"{_q(column)} = %s" for column in key)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(_q(column) for column in columns)


def _q(name: str) -> str:
    return f'"{name}"'
