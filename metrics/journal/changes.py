"""The changes of one journal row, in and out of their stored form. Pure.

A row as the pipeline writes it (format 1) is one batch: `[[kind, uid, record or nil], …]` in msgpack and
zstd. A row that compaction joined from several (format 2) is in metrics.journal.joined.
"""

from collections.abc import Sequence

import msgspec

from clusters.mirror.changes import Change
from metrics.journal.joined import FORMAT as JOINED
from metrics.journal.joined import Step, StoredChange, decode_joined, find_joined
from metrics.packing import Blob, StoredFormatError, format_of, open_sealed, seal

ONE_BATCH = 1

_encoder = msgspec.msgpack.Encoder()
_batch_decoder = msgspec.msgpack.Decoder(list[StoredChange])


def encode_changes(changes: Sequence[Change]) -> bytes:
    """The column `changes` of one batch."""
    return seal(ONE_BATCH, _encoder.encode([(c.kind, c.uid, c.resource) for c in changes]))


def decode_changes(blob: Blob) -> list[Change]:
    """All changes of one row in order, whether it was joined or not."""
    return [change for step in decode_steps(blob, whole_row=Step(0, 0, 0, 0)) for change in step.changes]


def decode_steps(blob: Blob, *, whole_row: Step) -> list[Step]:
    """The batches of one row. `whole_row` is the row's own numbers, times and card, for one never joined."""
    if format_of(blob, (ONE_BATCH, JOINED)) == JOINED:
        return decode_joined(memoryview(blob)[1:])
    return [msgspec.structs.replace(whole_row, stored=_batch(blob))]


def find_steps(blob: Blob, kind: str, uid: str, *, whole_row: Step) -> list[Step]:
    """The batches of one row that tell of one object, each with nothing but what it tells of it."""
    if format_of(blob, (ONE_BATCH, JOINED)) == JOINED:
        return find_joined(memoryview(blob)[1:], kind, uid)
    found = [change for change in _batch(blob) if change.uid == uid and change.kind == kind]
    return [msgspec.structs.replace(whole_row, stored=found)] if found else []


def _batch(blob: Blob) -> list[StoredChange]:
    try:
        return _batch_decoder.decode(open_sealed(blob)[1])
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A row of the journal cannot be understood.") from error
