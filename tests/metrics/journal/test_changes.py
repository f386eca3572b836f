"""Changes, keys and joined rows in and out of their stored form."""

import pytest

from clusters.mirror.changes import Change
from metrics.journal.changes import (
    Step,
    decode_changes,
    decode_keys,
    decode_steps,
    encode_changes,
    encode_keys,
    encode_steps,
    join_keys,
    key_of,
)
from metrics.packing import StoredFormatError
from tests.metrics.journal.builders import gone, resource, seen


def test_changes_come_back_as_they_were() -> None:
    changes = [seen("a", reason="CrashLoopBackOff"), gone("b"), seen("a"), Change("Node", "n", None)]

    assert decode_changes(encode_changes(changes)) == changes


def test_a_kind_that_is_no_longer_read_keeps_the_fields_all_kinds_have() -> None:
    unknown = resource("a", kind="Gadget")

    (change,) = decode_changes(encode_changes([Change("Gadget", "a", unknown)]))

    assert change.resource == unknown


def test_a_single_row_is_one_step_with_the_rows_own_numbers() -> None:
    whole = Step(4, 6, 1000, 1900, b"\x01{}", b"")

    (step,) = decode_steps(encode_changes([gone("a")]), whole_row=whole)

    assert (step.first_number, step.last_number, step.last_at_ms) == (4, 6, 1900)
    assert step.changes == [gone("a")]


def test_each_step_of_a_joined_row_keeps_its_number_time_and_card() -> None:
    whole = Step(1, 2, 10, 20, b"", b"")
    parts = [
        *decode_steps(encode_changes([seen("a")]), whole_row=Step(1, 1, 10, 10, b"one", b"")),
        *decode_steps(encode_changes([gone("a")]), whole_row=Step(2, 2, 20, 20, b"two", b"")),
    ]
    joined = encode_steps(parts)

    assert decode_steps(joined, whole_row=whole) == parts
    assert decode_changes(joined) == [seen("a"), gone("a")]


def test_keys_are_sorted_and_hold_each_object_once() -> None:
    keys = encode_keys([seen("b"), gone("a"), seen("a")])

    assert len(keys) == 1 + 2 * 8
    assert keys[1:9] < keys[9:]
    assert decode_keys(keys) == {key_of("Pod", "a"), key_of("Pod", "b")}
    assert join_keys([keys, encode_keys([gone("c")])]) == encode_keys([gone("a"), gone("b"), gone("c")])


@pytest.mark.parametrize("blob", [b"", b"\x07abc", b"\x01not zstd", encode_changes([gone("a")])[:-3]])
def test_a_damaged_or_newer_column_says_so(blob: bytes) -> None:
    with pytest.raises(StoredFormatError):
        decode_changes(blob)


def test_a_column_may_come_as_a_memoryview() -> None:
    assert decode_changes(memoryview(encode_changes([gone("a")]))) == [gone("a")]  # type: ignore[arg-type]
    assert decode_keys(memoryview(encode_keys([gone("a")]))) == {key_of("Pod", "a")}  # type: ignore[arg-type]
