"""A journal row that joins several batches: format 2 of the column `changes`. Pure.

Nothing is merged: each batch (a step) keeps its numbers, times, card and changes. After the format byte
stands `[heads, cards, [bucket, …]]` in msgpack, each part compressed by itself, because each question
needs another of them: a card of the past reads no changes, a replay no cards. Changes are spread over
buckets by the hash of their object, so that an object's timeline opens one small bucket of each row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from clusters.mirror.changes import Change
from metrics.journal.keys import key_of
from metrics.journal.records import record_decoder
from metrics.packing import Blob, StoredFormatError, squeeze, unsqueeze

FORMAT = 2
CHANGES_A_BUCKET = 32
MOST_BUCKETS = 32
_NIL = b"\xc0"


class StoredChange(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A change whose resource is not decoded yet."""

    kind: str
    uid: str
    record: msgspec.Raw

    def change(self) -> Change:
        """The change itself."""
        record = bytes(self.record)
        try:
            resource = None if record == _NIL else record_decoder(self.kind).decode(record)
        except msgspec.MsgspecError as error:
            raise StoredFormatError("A change in the journal cannot be understood.") from error
        return Change(self.kind, self.uid, resource)


class Cards:
    """The cards of a row's steps, decompressed when first asked for."""

    def __init__(self, packed: Blob) -> None:
        self._packed = packed
        self._cards: list[bytes] | None = None

    def __getitem__(self, at: int) -> bytes:
        if self._cards is None:
            self._cards = _parsed(_cards_decoder, unsqueeze(self._packed))
        return self._cards[at]


class Step(msgspec.Struct, frozen=True):
    """One batch as the pipeline wrote it: the smallest step that the journal can be replayed in."""

    first_number: int
    last_number: int
    first_at_ms: int
    last_at_ms: int
    cards: Cards | tuple[bytes, ...] = (b"",)
    at: int = 0
    stored: Sequence[StoredChange] = ()

    @property
    def state(self) -> bytes:
        """The cluster's card after this step, in the form of metrics.journal.states."""
        return self.cards[self.at]

    @property
    def changes(self) -> list[Change]:
        """What changed in this step, in order."""
        return [stored.change() for stored in self.stored]


class _Placed(msgspec.Struct, array_like=True, gc=False):
    """A change in a bucket, with its step's index and its position there."""

    step: int
    position: int
    kind: str
    uid: str
    record: msgspec.Raw


_Part = TypeVar("_Part")
_Head = tuple[int, int, int, int]
_encoder = msgspec.msgpack.Encoder()
_parts_decoder = msgspec.msgpack.Decoder(tuple[bytes, bytes, list[bytes]])
_heads_decoder = msgspec.msgpack.Decoder(list[_Head])
_cards_decoder = msgspec.msgpack.Decoder(list[bytes])
_bucket_decoder = msgspec.msgpack.Decoder(list[_Placed])


def encode_steps(steps: Sequence[Step]) -> bytes:
    """The column `changes` of a row that joins these steps."""
    heads = [(s.first_number, s.last_number, s.first_at_ms, s.last_at_ms) for s in steps]
    count = _bucket_count(sum(len(step.stored) for step in steps))
    buckets: list[list[_Placed]] = [[] for _ in range(count)]
    for at, step in enumerate(steps):
        for position, change in enumerate(step.stored):
            placed = _Placed(at, position, change.kind, change.uid, change.record)
            buckets[_bucket_of(change.kind, change.uid, count)].append(placed)
    parts = [heads, [step.state for step in steps], *buckets]
    heads_packed, cards, *packed = [squeeze(_encoder.encode(part)) for part in parts]
    return bytes((FORMAT,)) + _encoder.encode((heads_packed, cards, packed))


def decode_joined(packed: Blob) -> list[Step]:
    """All steps of a joined row, without its format byte."""
    heads, cards, buckets = _parts(packed)
    placed = (change for bucket in buckets for change in _parsed(_bucket_decoder, unsqueeze(bucket)))
    all_heads = _parsed(_heads_decoder, unsqueeze(heads))
    return _steps(all_heads, Cards(cards), _by_step(placed), range(len(all_heads)))


def find_joined(packed: Blob, kind: str, uid: str) -> list[Step]:
    """The steps of a joined row that tell of one object, each with nothing but what it tells of it."""
    heads, cards, buckets = _parts(packed)
    payload = unsqueeze(buckets[_bucket_of(kind, uid, len(buckets))])
    if uid.encode() not in payload:
        return []
    placed = (c for c in _parsed(_bucket_decoder, payload) if c.uid == uid and c.kind == kind)
    by_step = _by_step(placed)
    all_heads = _parsed(_heads_decoder, unsqueeze(heads))
    return _steps(all_heads, Cards(cards), by_step, sorted(by_step))


def _bucket_count(changes: int) -> int:
    return min(MOST_BUCKETS, max(1, changes // CHANGES_A_BUCKET))


def _bucket_of(kind: str, uid: str, count: int) -> int:
    return key_of(kind, uid)[0] % count


def _parts(packed: Blob) -> tuple[bytes, bytes, list[bytes]]:
    heads, cards, buckets = _parsed(_parts_decoder, packed)
    if not buckets:
        raise StoredFormatError("A joined row of the journal has no changes.")
    return heads, cards, buckets


def _steps(
    heads: Sequence[_Head], cards: Cards, by_step: Mapping[int, list[_Placed]], which: Iterable[int]
) -> list[Step]:
    """The steps `which`, each with its changes in their order."""
    try:
        return [Step(*heads[at], cards=cards, at=at, stored=_in_order(by_step.get(at, []))) for at in which]
    except IndexError as error:
        raise StoredFormatError("A joined row of the journal cannot be understood.") from error


def _by_step(changes: Iterable[_Placed]) -> dict[int, list[_Placed]]:
    by_step: dict[int, list[_Placed]] = {}
    for change in changes:
        by_step.setdefault(change.step, []).append(change)
    return by_step


def _in_order(changes: list[_Placed]) -> list[StoredChange]:
    changes.sort(key=lambda change: change.position)
    return [StoredChange(change.kind, change.uid, change.record) for change in changes]


def _parsed(decoder: msgspec.msgpack.Decoder[_Part], payload: Blob) -> _Part:
    try:
        return decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A joined row of the journal cannot be understood.") from error
