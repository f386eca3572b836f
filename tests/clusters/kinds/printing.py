"""What we would print, beside what the API server printed."""

from clusters.kinds import kind_named
from clusters.kinds.wire import decode_page
from tests.clusters import recorded

A_WHILE_MS = 90_000
"""The recordings were printed at most so long after the youngest of their objects was made."""


def cells(kind_name: str, resource: object, now_ms: int) -> list[str]:
    """All columns of one resource, wide ones included."""
    return [column.cell(resource, now_ms) for column in kind_named(kind_name).columns]


def moments_after(at_ms: int | None) -> range:
    """The moments, second by second, at which something recorded may have been printed."""
    begin = at_ms or 0
    return range(begin, begin + A_WHILE_MS, 1_000)


def recorded_table(name: str) -> tuple[list[str], list[list[str]]]:
    """The columns and rows of a recorded table."""
    table = recorded.answer(f"apiserver/table-{name}.json")
    columns = [column["name"] for column in table["columnDefinitions"]]
    return columns, [[str(cell) for cell in row["cells"]] for row in table["rows"]]


def recorded_list(kind_name: str, name: str, now_ms: int) -> list[object]:
    """The resources of a recorded list, read at `now_ms`."""
    kind = kind_named(kind_name)
    page = decode_page(kind, recorded.body(f"apiserver/list-{name}.json"))
    assert page.skipped == []
    return [kind.read(one, now_ms) for one in page.objects]
