"""Columns of figures packed small: what a row of the series holds. Pure.

Each column becomes whole numbers that differ little (differences, or distances from the lowest, whichever
is narrower), laid out byte by byte so that like stands beside like, and deflated together. A point that is
not known is a hole in the column, told by a bitmap, and never a number.

Format 1: the format byte, then deflated: the number of slots (2 bytes), then for each column its key
(2 bytes), a byte of flags, the first or lowest number (8 bytes), the bitmap where there are holes, and
the numbers.
"""

import itertools
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from metrics.packing import Blob, StoredFormatError, format_of

VALUE, AVERAGE, MAXIMUM = 0, 1, 2
Columns = dict[int, list[int | None]]
"""Key to one number (or None) for each slot; all of the same length."""

_FORMAT = 1
_LEVEL = 9
_SLOTS = struct.Struct("<H")
_COLUMN = struct.Struct("<HBq")
_TYPES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_WIDTH_BITS, _DISTANCES, _HAS_HOLES, _IS_EMPTY = 0x0F, 0x10, 0x20, 0x40


def key_of(code: int, aggregate: int) -> int:
    """What a column is stored under: a figure's code and whether it is values, averages or maxima."""
    return code * 4 + aggregate


def pack_columns(columns: Mapping[int, Sequence[int | None]]) -> bytes:
    """The column `points` of a row of the series."""
    slots = {len(column) for column in columns.values()}
    if len(slots) > 1:
        raise ValueError("All columns of a row need the same number of slots.")
    parts = [_SLOTS.pack(*slots) if slots else _SLOTS.pack(0)]
    parts += [_packed(key, column) for key, column in sorted(columns.items())]
    return bytes((_FORMAT,)) + zlib.compress(b"".join(parts), _LEVEL)


def unpack_columns(blob: Blob) -> Columns:
    """All columns of a row."""
    format_of(blob, (_FORMAT,))
    try:
        payload = zlib.decompress(memoryview(blob)[1:])
        (slots,) = _SLOTS.unpack_from(payload)
        columns: Columns = {}
        at = _SLOTS.size
        while at < len(payload):
            at = _unpack_one(payload, at, slots=slots, into=columns)
    except (zlib.error, struct.error, ValueError, KeyError, StopIteration) as error:
        raise StoredFormatError("A row of the series cannot be understood.") from error
    return columns


class _Body(NamedTuple):
    flags: int
    first: int
    numbers: list[int]


def _packed(key: int, column: Sequence[int | None]) -> bytes:
    known = [number for number in column if number is not None]
    if not known:
        return _COLUMN.pack(key, _IS_EMPTY, 0)
    holes = b"" if len(known) == len(column) else _bitmap(column)
    body = _narrowest(known)
    width = _width(max(body.numbers, default=0))
    flags = body.flags | width | (_HAS_HOLES if holes else 0)
    return _COLUMN.pack(key, flags, body.first) + holes + _shuffled(body.numbers, width)


def _narrowest(known: list[int]) -> _Body:
    """The numbers as differences from each to the next, or as distances from the lowest."""
    pairs = itertools.pairwise(known)
    differences = [(step << 1) ^ (step >> 127) for step in (after - before for before, after in pairs)]
    lowest = min(known)
    highest = max(known) - lowest
    if _width(max(differences, default=0)) <= _width(highest):
        return _Body(0, known[0], differences)
    return _Body(_DISTANCES, lowest, [number - lowest for number in known])


def _width(highest: int) -> int:
    """How many bytes a number takes: 0 where all are 0."""
    needed = (highest.bit_length() + 7) // 8
    return next(width for width in (0, 1, 2, 4, 8) if width >= needed)


def _bitmap(column: Sequence[int | None]) -> bytes:
    bits = sum(1 << at for at, number in enumerate(column) if number is not None)
    return bits.to_bytes((len(column) + 7) // 8, "little")


def _shuffled(numbers: list[int], width: int) -> bytes:
    if width <= 1:
        return bytes(numbers) if width else b""
    packed = array(_TYPES[width], numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    raw = packed.tobytes()
    return b"".join(raw[byte::width] for byte in range(width))


def _unpack_one(payload: bytes, at: int, *, slots: int, into: Columns) -> int:
    """Read the column that starts at `at`; where the next one starts."""
    key, flags, first = _header(payload, at)
    at += _COLUMN.size
    if flags & _IS_EMPTY:
        into[key] = [None] * slots
        return at
    bits = -1
    count = slots
    if flags & _HAS_HOLES:
        size = (slots + 7) // 8
        bits = int.from_bytes(payload[at : at + size], "little")
        count = bits.bit_count()
        at += size
    if not flags & _DISTANCES:
        count -= 1
    width = flags & _WIDTH_BITS
    numbers = _unshuffled(payload[at : at + count * width], width=width, count=count)
    into[key] = _spread(_restored(first, flags, numbers), bits, slots)
    return at + count * width


def _header(payload: bytes, at: int) -> tuple[int, int, int]:
    key, flags, first = _COLUMN.unpack_from(payload, at)
    return int(key), int(flags), int(first)


def _unshuffled(raw: bytes, *, width: int, count: int) -> Sequence[int]:
    if len(raw) != count * width:
        raise ValueError("a column ends too early")
    if width <= 1:
        return raw if width else [0] * count
    together = bytearray(len(raw))
    for byte in range(width):
        together[byte::width] = raw[byte * count : (byte + 1) * count]
    numbers = array(_TYPES[width], bytes(together))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _restored(first: int, flags: int, numbers: Sequence[int]) -> list[int]:
    if flags & _DISTANCES:
        return [first + number for number in numbers]
    known = [first]
    for number in numbers:
        first += (number >> 1) ^ -(number & 1)
        known.append(first)
    return known


def _spread(known: list[int], bits: int, slots: int) -> list[int | None]:
    """The known numbers on their slots."""
    if bits == -1:
        return list(known)
    following = iter(known)
    return [next(following) if bits >> at & 1 else None for at in range(slots)]
