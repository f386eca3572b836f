"""Which rows of the journal are joined."""

from metrics.journal.grouping import (
    JOIN_AFTER_MS,
    LARGEST_BYTES,
    MINUTE_MS,
    NARROW_MS,
    WIDE_MS,
    WIDEN_AFTER_MS,
    Head,
    groups,
    span_of,
)

NOW = 1_000 * WIDE_MS
OLD = NOW - WIDEN_AFTER_MS - 10 * WIDE_MS


def heads(count: int, *, at_ms: int = OLD, every_ms: int = 1_000, size_bytes: int = 100) -> list[Head]:
    return [Head(n, 1, 1, n, n, at_ms + n * every_ms, size_bytes) for n in range(1, count + 1)]


def joined(rows: list[Head], keyframes: set[tuple[int, int]] | None = None) -> list[list[int]]:
    found = groups(rows, keyframes=keyframes or set(), now_ms=NOW)
    return [[head.id for head in group] for group in found]


def test_young_rows_stay_alone() -> None:
    at_ms = NOW - JOIN_AFTER_MS
    assert span_of(at_ms, NOW) is None
    assert joined(heads(30, at_ms=at_ms)) == []


def test_rows_are_joined_by_the_minute_then_by_five() -> None:
    assert span_of(NOW - JOIN_AFTER_MS - 1, NOW) == (NOW - JOIN_AFTER_MS - MINUTE_MS, NARROW_MS)
    assert span_of(NOW - WIDEN_AFTER_MS - 1, NOW) == (NOW - WIDEN_AFTER_MS - WIDE_MS, WIDE_MS)


def test_a_span_that_is_not_over_waits() -> None:
    now_ms = NOW + 30_000
    assert span_of(now_ms - JOIN_AFTER_MS - 1, now_ms) is None


def test_neighbours_of_one_span_are_joined() -> None:
    assert joined(heads(5, every_ms=2 * MINUTE_MS)) == [[1, 2], [3, 4]]


def test_a_row_alone_in_its_span_is_left_as_it_is() -> None:
    assert joined(heads(5, every_ms=WIDE_MS)) == []


def test_holes_fences_and_histories_are_never_joined_over() -> None:
    rows = heads(9)
    rows[2] = rows[2]._replace(first_number=99, last_number=99)
    rows[5] = rows[5]._replace(fence=2)
    rows[8] = rows[8]._replace(history=2)

    assert joined(rows) == [[1, 2], [4, 5], [7, 8]]


def test_a_keyframe_is_never_joined_over() -> None:
    assert joined(heads(6), {(1, 3), (2, 5)}) == [[1, 2, 3], [4, 5, 6]]


def test_a_row_grows_to_its_largest_size_and_no_further() -> None:
    assert joined(heads(6, size_bytes=LARGEST_BYTES // 3)) == [[1, 2, 3], [4, 5, 6]]
