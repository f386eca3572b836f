"""A frame: what changed in one cluster, encoded once by the worker and handed on as it is.

Frames travel on a Redis channel, which may lose them: nothing is true only because a frame said so, and
whatever was lost heals from the rows (metrics.live.hub).
"""

from collections.abc import Sequence

import msgspec

from clusters.kinds.picture import resource_picture
from clusters.mirror.changes import Change
from clusters.state.picture import ClusterValues, cluster_picture
from metrics.live import messages

CHANNEL = "topmast:frames"
LIMIT_BYTES = 512 * 1024
"""The largest body. A page's send buffer is 64 KiB, so this bounds what a slow page can hold."""
LIMIT_CHANGES = 2_000
"""More than this never fits LIMIT_BYTES (a resource takes over 256 bytes): not even tried."""
TOO_MUCH = b"null"
"""Stands for the changes where they do not fit: the page reads its lists anew."""

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One numbered step of one cluster. `card` is its picture, `body` the whole message for its page."""

    cluster_id: int
    uuid: str
    fence: int
    number: int
    at_ms: int
    card: bytes
    body: bytes


_decoder = msgspec.msgpack.Decoder(Frame)


def build_frame(
    values: ClusterValues, cluster_id: int, changes: Sequence[Change] | None, now_ms: int
) -> Frame:
    """The frame of one step.

    `changes` is null in it where they are too many, or None: the page reads anew.
    """
    card = encode_card(values)
    place = messages.place_text(values.fence, values.number)
    encoded = encode_changes(changes, now_ms)
    body = messages.cluster_frame(place=place, at_ms=now_ms, card=card, changes=encoded)
    if len(body) > LIMIT_BYTES:
        body = messages.cluster_frame(place=place, at_ms=now_ms, card=card, changes=TOO_MUCH)
    return Frame(cluster_id, values.uuid, values.fence, values.number, now_ms, card, body)


def encode_card(values: ClusterValues) -> bytes:
    """The picture of a cluster as JSON: the one form that fleet pages, cluster pages and hub share."""
    return _json.encode(cluster_picture(values))


def encode_changes(changes: Sequence[Change] | None, now_ms: int) -> bytes:
    """The changes as JSON; null where they are too many."""
    if changes is None or len(changes) > LIMIT_CHANGES:
        return TOO_MUCH
    return _json.encode([_change(change, now_ms) for change in changes])


def encode_frame(frame: Frame) -> bytes:
    """The frame as it travels."""
    return _msgpack.encode(frame)


def decode_frame(payload: bytes) -> Frame:
    """The frame that travelled; msgspec.MsgspecError where it is none."""
    return _decoder.decode(payload)


def _change(change: Change, now_ms: int) -> messages.SetChange | messages.GoneChange:
    if change.resource is None:
        return messages.GoneChange(kind=change.kind, uid=change.uid)
    return messages.SetChange(resource=_without_usage(resource_picture(change.resource, now_ms=now_ms)))


def _without_usage(picture: dict[str, object]) -> dict[str, object]:
    """Usage is no change and not known here: left out, lest null overwrite what the page shows."""
    for part, figure in (("cpu", "used_cores"), ("memory", "used_bytes")):
        figures = picture.get(part)
        if isinstance(figures, dict):
            picture[part] = {name: value for name, value in figures.items() if name != figure}
    return picture
