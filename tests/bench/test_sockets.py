"""The websocket of the measurement's pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.sockets import masked, split_frames


def sent(payload: bytes, opcode: int = 1) -> bytes:
    """A frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 200_000])
def test_a_frame_of_any_size_is_found(size):
    payload = b"x" * size
    assert split_frames(sent(payload)) == ([(1, True, payload)], b"")


@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_cut_anywhere_nothing_is_lost(payloads, data):
    stream = b"".join(sent(payload) for payload in payloads)
    cut = data.draw(st.integers(0, len(stream)))
    first, rest = split_frames(stream[:cut])
    second, left = split_frames(rest + stream[cut:])
    assert [payload for _, _, payload in first + second] == payloads
    assert left == b""


def test_a_frame_that_is_not_the_last_of_its_message_says_so():
    assert split_frames(b"\x01\x02he") == ([(1, False, b"he")], b"")


def test_what_we_send_is_masked_as_a_server_demands():
    frame = masked(10, b"ping")
    assert frame[1] & 0x80
    assert frame[2:6] == b"\0\0\0\0" and frame[6:] == b"ping"


def test_only_short_frames_are_sent():
    with pytest.raises(ValueError, match="short"):
        masked(10, b"x" * 126)
