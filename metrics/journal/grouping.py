"""Which rows of the journal to join into one. Pure.

The pipeline writes a row a second for a cluster that changes all the time: 600,000 a week. Rows older than
ten minutes are joined by the minute and rows older than two hours by five minutes, which leaves some
2,700. Only neighbours without a hole are joined, of one fence and one history, and never across a keyframe:
pruning cuts there.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

MINUTE_MS = 60_000
JOIN_AFTER_MS = 10 * MINUTE_MS
WIDEN_AFTER_MS = 120 * MINUTE_MS
NARROW_MS = MINUTE_MS
WIDE_MS = 5 * MINUTE_MS
LARGEST_BYTES = 1 << 20
"""Of packed changes in one row: what one question about one moment may have to read in vain."""


class Head(NamedTuple):
    """A row of the journal without its contents."""

    id: int
    history: int
    fence: int
    first_number: int
    last_number: int
    last_at_ms: int
    size_bytes: int


def span_of(at_ms: int, now_ms: int) -> tuple[int, int] | None:
    """The span of time that a row of `at_ms` shares with those it is joined with; None while it is young."""
    for width_ms, after_ms in ((WIDE_MS, WIDEN_AFTER_MS), (NARROW_MS, JOIN_AFTER_MS)):
        start_ms = at_ms - at_ms % width_ms
        if start_ms + width_ms <= now_ms - after_ms:
            return start_ms, width_ms
    return None


def groups(
    heads: Iterable[Head], *, keyframes: Collection[tuple[int, int]], now_ms: int
) -> Iterator[list[Head]]:
    """The runs of two rows or more to join, given rows in order of place and the places of keyframes."""
    run: list[Head] = []
    for head in heads:
        if run and not _belongs(head, run=run, keyframes=keyframes, now_ms=now_ms):
            if len(run) > 1:
                yield run
            run = []
        run.append(head)
    if len(run) > 1:
        yield run


def _belongs(head: Head, *, run: list[Head], keyframes: Collection[tuple[int, int]], now_ms: int) -> bool:
    last = run[-1]
    span = span_of(head.last_at_ms, now_ms)
    return (
        span is not None
        and span == span_of(last.last_at_ms, now_ms)
        and (head.history, head.fence, head.first_number) == (last.history, last.fence, last.last_number + 1)
        and (last.fence, last.last_number) not in keyframes
        and sum(each.size_bytes for each in run) + head.size_bytes <= LARGEST_BYTES
    )
