"""Cards in and out of their stored form."""

import pytest

from metrics.journal.states import decode_state, encode_state
from metrics.packing import StoredFormatError
from tests.metrics.rows import values


def test_a_card_comes_back_as_it_was() -> None:
    card = values(fence=7, number=41, version="v1.36.3")

    assert decode_state(encode_state(card)) == card
    assert decode_state(memoryview(encode_state(card))) == card


@pytest.mark.parametrize("blob", [b"", b"\x05{}", b"\x01{}", b"\x01["])
def test_a_damaged_or_newer_card_says_so(blob: bytes) -> None:
    with pytest.raises(StoredFormatError):
        decode_state(blob)
