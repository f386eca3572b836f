"""The envelope of every packed column: one format byte, then zstd. Pure.

The byte is the promise that old rows stay readable: whoever changes a form takes the next number and
keeps reading the old one (golden files in the tests hold us to it).
"""

import threading

import zstandard

LEVEL = 3

Blob = bytes | memoryview
"""A binary column as it comes: SQLite gives bytes, PostgreSQL memoryviews."""


class StoredFormatError(ValueError):
    """A stored column is in no form that this version can read."""


class _Codecs(threading.local):
    """A compressor and a decompressor for each thread, as threads may not share them."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self.decompressor = zstandard.ZstdDecompressor()


_codecs = _Codecs()


def squeeze(payload: bytes) -> bytes:
    """The payload compressed, with a checksum."""
    return _codecs.compressor.compress(payload)


def unsqueeze(packed: Blob) -> bytes:
    """What was compressed."""
    try:
        return _codecs.decompressor.decompress(packed)
    except zstandard.ZstdError as error:
        raise StoredFormatError("A stored column is damaged: restore the database from a backup.") from error


def seal(stored_format: int, payload: bytes) -> bytes:
    """The column for `payload`: its format number, then the payload compressed."""
    return bytes((stored_format,)) + squeeze(payload)


def open_sealed(blob: Blob, readable: tuple[int, ...] = (1,)) -> tuple[int, bytes]:
    """The format number and payload of a column."""
    stored_format = format_of(blob, readable)
    return stored_format, unsqueeze(memoryview(blob)[1:])


def format_of(blob: Blob, readable: tuple[int, ...]) -> int:
    """The format number of a column, which must be one of `readable`."""
    stored_format = bytes(blob[:1])
    if not stored_format or stored_format[0] not in readable:
        found = stored_format.hex() or "nothing"
        raise StoredFormatError(
            f"A stored column has format {found}, which this version cannot read: "
            "run the version that wrote it."
        )
    return stored_format[0]
