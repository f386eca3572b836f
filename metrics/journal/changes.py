"""The changes of one journal row, in and out of their stored form. Pure.

A row as the pipeline writes it (format 1) is one batch: `[[kind, uid, record or nil], …]`. Format 2 is
a row that compaction joined from several: the batches stand one after the other, each with its own
numbers, times and card, so that a joined row can say all that its parts could.
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from clusters.mirror.changes import Change
from metrics.journal.records import record_decoder
from metrics.packing import Blob, StoredFormatError, format_of, open_sealed, seal

ONE_BATCH = 1
JOINED = 2
_KEYS = 1
KEY_BYTES = 8
_NIL = b"\xc0"


class _StoredChange(msgspec.Struct, array_like=True, gc=False):
    kind: str
    uid: str
    record: msgspec.Raw


class Step(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One batch as the pipeline wrote it: the smallest step that the journal can be replayed in."""

    first_number: int
    last_number: int
    first_at_ms: int
    last_at_ms: int
    state: bytes
    """The cluster's card after this step, in the form of metrics.journal.states."""
    packed: bytes
    """Its changes in msgpack, not compressed; `changes_of` reads them."""

    @property
    def changes(self) -> list[Change]:
        """What changed in this step, in order."""
        return _read(self.packed)

    def may_hold(self, uid: str) -> bool:
        """Whether its changes may tell of that uid: a search through bytes, cheaper than reading them."""
        return uid.encode() in self.packed


_encoder = msgspec.msgpack.Encoder()
_batch_decoder = msgspec.msgpack.Decoder(list[_StoredChange])
_steps_decoder = msgspec.msgpack.Decoder(list[Step])


def encode_changes(changes: Sequence[Change]) -> bytes:
    """The column `changes` of one batch."""
    return seal(ONE_BATCH, _encoder.encode([(c.kind, c.uid, c.resource) for c in changes]))


def encode_steps(steps: Sequence[Step]) -> bytes:
    """The column `changes` of a row that joins several batches."""
    return seal(JOINED, _encoder.encode(steps))


def decode_changes(blob: Blob) -> list[Change]:
    """All changes of one row in order, whether it was joined or not."""
    stored_format, payload = open_sealed(blob, (ONE_BATCH, JOINED))
    if stored_format == ONE_BATCH:
        return _read(payload)
    return [change for step in _steps(payload) for change in step.changes]


def decode_steps(blob: Blob, *, whole_row: Step) -> list[Step]:
    """The batches of one row. `whole_row` is the row's own numbers, times and card, for one never joined."""
    stored_format, payload = open_sealed(blob, (ONE_BATCH, JOINED))
    if stored_format == ONE_BATCH:
        return [msgspec.structs.replace(whole_row, packed=payload)]
    return _steps(payload)


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
    format_of(blob, (_KEYS,))
    packed = bytes(blob)
    return {packed[at : at + KEY_BYTES] for at in range(1, len(packed), KEY_BYTES)}


def _join_keys(keys: set[bytes]) -> bytes:
    return bytes((_KEYS,)) + b"".join(sorted(keys))


def _steps(payload: bytes) -> list[Step]:
    try:
        return _steps_decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A joined row of the journal cannot be understood.") from error


def _read(payload: bytes) -> list[Change]:
    try:
        return [_change(stored) for stored in _batch_decoder.decode(payload)]
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A row of the journal cannot be understood.") from error


def _change(stored: _StoredChange) -> Change:
    record = bytes(stored.record)
    resource = None if record == _NIL else record_decoder(stored.kind).decode(record)
    return Change(stored.kind, stored.uid, resource)
