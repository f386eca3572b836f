"""The changes of one batch in and out of their stored form."""

import pytest

from clusters.mirror.changes import Change
from metrics.journal.changes import decode_changes, decode_steps, encode_changes, find_steps
from metrics.journal.joined import Step
from metrics.packing import StoredFormatError
from tests.metrics.journal.builders import gone, resource, seen


def test_changes_come_back_as_they_were() -> None:
    changes = [seen("a", reason="CrashLoopBackOff"), gone("b"), seen("a"), Change("Node", "n", None)]

    assert decode_changes(encode_changes(changes)) == changes


def test_a_kind_that_is_no_longer_read_keeps_the_fields_all_kinds_have() -> None:
    unknown = resource("a", kind="Gadget")

    (change,) = decode_changes(encode_changes([Change("Gadget", "a", unknown)]))

    assert change.resource == unknown


def test_a_single_row_is_one_step_with_the_rows_own_numbers_and_card() -> None:
    whole = Step(4, 6, 1000, 1900, cards=(b"card",))

    (step,) = decode_steps(encode_changes([gone("a")]), whole_row=whole)

    assert (step.first_number, step.last_number, step.last_at_ms, step.state) == (4, 6, 1900, b"card")
    assert step.changes == [gone("a")]


def test_one_object_is_found_in_a_single_row() -> None:
    blob = encode_changes([seen("a"), gone("b"), seen("a", kind="Node"), gone("a")])

    (step,) = find_steps(blob, "Pod", "a", whole_row=Step(1, 1, 5, 5))

    assert step.changes == [seen("a"), gone("a")]
    assert find_steps(blob, "Pod", "c", whole_row=Step(1, 1, 5, 5)) == []


@pytest.mark.parametrize("blob", [b"", b"\x07abc", b"\x01not zstd", encode_changes([gone("a")])[:-3]])
def test_a_damaged_or_newer_column_says_so(blob: bytes) -> None:
    with pytest.raises(StoredFormatError):
        decode_changes(blob)


def test_a_column_may_come_as_a_memoryview() -> None:
    assert decode_changes(memoryview(encode_changes([gone("a")]))) == [gone("a")]
