"""Rows that join several batches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.mirror.changes import Change
from metrics.journal.changes import decode_changes, decode_steps, encode_changes, find_steps
from metrics.journal.joined import CHANGES_A_BUCKET, Step, encode_steps
from metrics.packing import StoredFormatError
from tests.metrics.journal.builders import gone, seen

ROW = Step(0, 0, 0, 0)
UIDS = [f"u{n}" for n in range(12)]
some_changes = st.lists(
    st.one_of(st.builds(seen, st.sampled_from(UIDS)), st.builds(gone, st.sampled_from(UIDS))), max_size=30
)


def joined(batches: list[list[Change]]) -> bytes:
    steps: list[Step] = []
    for number, changes in enumerate(batches):
        whole_row = Step(number, number, number * 10, number * 10 + 5, cards=(b"card %d" % number,))
        steps += decode_steps(encode_changes(changes), whole_row=whole_row)
    return encode_steps(steps)


def told(steps: list[Step]) -> list[tuple[int, int, int, int, bytes, list[Change]]]:
    return [(s.first_number, s.last_number, s.first_at_ms, s.last_at_ms, s.state, s.changes) for s in steps]


@given(st.lists(some_changes, min_size=1, max_size=12))
def test_each_step_keeps_its_numbers_times_card_and_changes_in_order(batches: list[list[Change]]) -> None:
    blob = joined(batches)

    expected = [(n, n, n * 10, n * 10 + 5, b"card %d" % n, changes) for n, changes in enumerate(batches)]
    assert told(decode_steps(blob, whole_row=ROW)) == expected
    assert decode_changes(blob) == [change for changes in batches for change in changes]
    assert encode_steps(decode_steps(blob, whole_row=ROW)) == blob


@given(st.lists(some_changes, min_size=1, max_size=12), st.sampled_from([*UIDS, "nobody"]))
def test_one_object_is_found_in_whatever_bucket_it_is(batches: list[list[Change]], uid: str) -> None:
    found = find_steps(joined(batches), "Pod", uid, whole_row=ROW)

    assert [(step.last_number, step.changes) for step in found] == [
        (number, own)
        for number, changes in enumerate(batches)
        if (own := [c for c in changes if c.uid == uid])
    ]


def test_an_objects_timeline_opens_one_bucket_alone() -> None:
    batches = [[seen(f"u{n}") for n in range(4 * CHANGES_A_BUCKET)]]
    blob = joined(batches)

    whole = len(blob)
    damaged_at = next(at for at in range(whole - 1, 0, -1) if at % 7 == 0)
    damaged = blob[:damaged_at] + bytes((blob[damaged_at] ^ 0xFF,)) + blob[damaged_at + 1 :]

    with pytest.raises(StoredFormatError):
        decode_changes(damaged)
    readable = 0
    for n in range(4 * CHANGES_A_BUCKET):
        try:
            readable += len(find_steps(damaged, "Pod", f"u{n}", whole_row=ROW))
        except StoredFormatError:
            continue
    assert readable >= 2 * CHANGES_A_BUCKET


@pytest.mark.parametrize("cut", [1, 2, 5, 40])
def test_a_damaged_row_says_so(cut: int) -> None:
    with pytest.raises(StoredFormatError):
        decode_changes(joined([[seen("a")], [gone("a")]])[:-cut])
