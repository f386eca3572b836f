"""The objects that a journal row tells of, as short hashes. Pure.

Format 1 of the column `keys` is 8 bytes for each object, sorted: a database finds one among them without
understanding any.
"""

import hashlib
from collections.abc import Iterable

from clusters.mirror.changes import Change
from metrics.packing import Blob, format_of

_FORMAT = 1
KEY_BYTES = 8


def key_of(kind: str, uid: str) -> bytes:
    """The short hash by which rows list one object."""
    return hashlib.blake2b(f"{kind}\0{uid}".encode(), digest_size=KEY_BYTES).digest()


def encode_keys(changes: Iterable[Change]) -> bytes:
    """The column `keys`: each object in the row once, sorted."""
    return _join_keys({key_of(change.kind, change.uid) for change in changes})


def join_keys(blobs: Iterable[Blob]) -> bytes:
    """The column `keys` of a row that joins others."""
    keys: set[bytes] = set()
    for blob in blobs:
        keys |= decode_keys(blob)
    return _join_keys(keys)


def decode_keys(blob: Blob) -> set[bytes]:
    """The hashes in a column `keys`."""
    format_of(blob, (_FORMAT,))
    packed = bytes(blob)
    return {packed[at : at + KEY_BYTES] for at in range(1, len(packed), KEY_BYTES)}


def _join_keys(keys: set[bytes]) -> bytes:
    return bytes((_FORMAT,)) + b"".join(sorted(keys))
