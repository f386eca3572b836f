"""A frame: what changed in one cluster, encoded once by the worker and handed on as it is.

Frames travel on a Redis channel, which may lose them: nothing is true only because a frame said so, and
whatever was lost heals from the rows (metrics.live.hub).
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from clusters.kinds.picture import picture_without_usage
from clusters.mirror.changes import Change
from clusters.state.picture import ClusterValues, cause_picture, cluster_picture, kind_picture
from metrics.live import messages

CHANNEL = "topmast:frames"
LIMIT_BYTES = 512 * 1024
"""The largest message. A page's send buffer is 64 KiB, so this bounds what a slow page can hold."""
LIMIT_CHANGES = 2_000
"""More than this never fits LIMIT_BYTES (a resource takes over 256 bytes): not even tried."""
CAUSES_IN_BRIEF = 1
_ENVELOPE_BYTES = 512
ENCODED_LIMIT = 20_000
TOO_MUCH = b"null"
"""Stands for the changes where they do not fit: the page reads its lists anew."""
NO_STEP = b""
"""Stands for the changes where there is no step: another card at the same place."""

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One numbered step of one cluster; all three parts are JSON.

    `card` is the cluster's picture, `brief` that with the worst cause only, `changes` what its page is told.
    One that is no step carries only another card of the step that has its number.
    """

    cluster_id: int
    uuid: str
    fence: int
    number: int
    at_ms: int
    card: bytes
    brief: bytes
    changes: bytes

    @property
    def is_step(self) -> bool:
        """Whether it is a step of the cluster, and not another card at the same place."""
        return self.changes != NO_STEP

    @property
    def size_bytes(self) -> int:
        """How long its message is, give or take its place and time."""
        return len(self.card) + len(self.changes)

    def text(self) -> str:
        """The message for the pages of its cluster."""
        place = messages.place_text(self.fence, self.number)
        return messages.cluster_frame(place=place, at_ms=self.at_ms, card=self.card, changes=self.changes)


_decoder = msgspec.msgpack.Decoder(list[Frame])


def build_frame(
    values: ClusterValues, cluster_id: int, changes: Sequence[Change] | None, now_ms: int
) -> Frame:
    """The frame of one step.

    `changes` is null in it where they are too many, or None: the page reads anew.
    """
    card, brief = encode_card(values)
    encoded = encode_changes(changes, now_ms)
    if len(card) + len(encoded) > LIMIT_BYTES - _ENVELOPE_BYTES:
        encoded = TOO_MUCH
    return Frame(cluster_id, values.uuid, values.fence, values.number, now_ms, card, brief, encoded)


def build_card_frame(values: ClusterValues, cluster_id: int, now_ms: int) -> Frame:
    """Another card at the same place, as when what is used was read again: no step, so no number."""
    card, brief = encode_card(values)
    return Frame(cluster_id, values.uuid, values.fence, values.number, now_ms, card, brief, NO_STEP)


def encode_card(values: ClusterValues) -> tuple[bytes, bytes]:
    """The picture of a cluster as JSON: as its own pages have it, and in brief, as fleet pages do.

    A cluster in trouble has its causes and kinds in each of its frames, and they are nearly always those
    of the frame before: each is encoded once.
    """
    picture = cluster_picture(values, of_cause=_encode_cause, of_kind=_encode_kind)
    card = _json.encode(picture)
    causes = picture["causes"]
    if not isinstance(causes, list) or len(causes) <= CAUSES_IN_BRIEF:
        return card, card
    return card, _json.encode({**picture, "causes": causes[:CAUSES_IN_BRIEF]})


T = TypeVar("T")


class _Encoded(Generic[T]):
    """The JSON of values that are shown again and again, found by what they are and not by what they say.

    To hash a cause takes as long as to encode it.
    """

    def __init__(self, picture: Callable[[T], object]) -> None:
        self._picture = picture
        self._held: dict[int, tuple[T, msgspec.Raw]] = {}

    def __call__(self, one: T) -> msgspec.Raw:
        """Its JSON."""
        held = self._held.get(id(one))
        if held is None:  # Held values live, so that nobody else has their id.
            if len(self._held) >= ENCODED_LIMIT:
                self._held.clear()
            held = self._held[id(one)] = (one, msgspec.Raw(_json.encode(self._picture(one))))
        return held[1]


_encode_cause = _Encoded(cause_picture)
_encode_kind = _Encoded(kind_picture)


def encode_changes(changes: Sequence[Change] | None, now_ms: int) -> bytes:
    """The changes as JSON; null where they are too many."""
    if changes is None or len(changes) > LIMIT_CHANGES:
        return TOO_MUCH
    return _json.encode([_change(change, now_ms) for change in changes])


def encode_frames(frames: Sequence[Frame]) -> bytes:
    """Frames as they travel: what leaves together goes in one message."""
    return _msgpack.encode(frames)


def decode_frames(payload: bytes) -> list[Frame]:
    """The frames that travelled; msgspec.MsgspecError where it is something else."""
    return _decoder.decode(payload)


def _change(change: Change, now_ms: int) -> messages.SetChange | messages.GoneChange:
    if change.resource is None:
        return messages.GoneChange(kind=change.kind, uid=change.uid)
    return messages.SetChange(resource=picture_without_usage(change.resource, now_ms=now_ms))
