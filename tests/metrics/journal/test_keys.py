"""The objects of a row as short hashes."""

import pytest

from metrics.journal.keys import decode_keys, encode_keys, join_keys, key_of
from metrics.packing import StoredFormatError
from tests.metrics.journal.builders import gone, seen


def test_keys_are_sorted_and_hold_each_object_once() -> None:
    keys = encode_keys([seen("b"), gone("a"), seen("a")])

    assert len(keys) == 1 + 2 * 8
    assert keys[1:9] < keys[9:]
    assert decode_keys(keys) == {key_of("Pod", "a"), key_of("Pod", "b")}
    assert join_keys([keys, encode_keys([gone("c")])]) == encode_keys([gone("a"), gone("b"), gone("c")])


def test_the_same_uid_in_another_kind_has_another_key() -> None:
    assert key_of("Pod", "a") != key_of("Node", "a")


def test_keys_may_come_as_a_memoryview() -> None:
    assert decode_keys(memoryview(encode_keys([gone("a")]))) == {key_of("Pod", "a")}


def test_keys_of_a_newer_version_say_so() -> None:
    with pytest.raises(StoredFormatError):
        decode_keys(b"\x02abcdefgh")
