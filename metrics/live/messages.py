"""Every message of the sockets, in both directions. Pure; described one by one in docs/live-messages.md.

Pictures of clusters come in already encoded (`card`) and go out as they are: a card is encoded once,
by the worker that read the cluster, however many pages it reaches.
"""

import msgspec

from clusters.state.picture import iso

FLEET_PICTURE_BYTES = 256 * 1024
"""A fleet's first message carries cards up to about this; the rest follow as frames."""

_encoder = msgspec.json.Encoder()


class Nameplate(msgspec.Struct, frozen=True):
    """What the operator calls a cluster: not part of its picture, as the reader does not know it."""

    slug: str
    name: str
    labels: dict[str, str]


class FleetPicture(msgspec.Struct, tag_field="type", tag="picture"):
    """The fleet as the user may see it: replaces all that the page had."""

    at: str
    names: dict[str, Nameplate]
    clusters: list[msgspec.Raw]
    fleet: msgspec.Raw


class FleetFrame(msgspec.Struct, tag_field="type", tag="frame"):
    """The clusters that changed, and the totals with them."""

    at: str
    clusters: list[msgspec.Raw]
    fleet: msgspec.Raw


class ClusterPicture(msgspec.Struct, tag_field="type", tag="picture"):
    """One cluster as it is: lists that the page shows are to be read anew."""

    place: str
    at: str
    name: Nameplate
    cluster: msgspec.Raw


class ClusterFrame(msgspec.Struct, tag_field="type", tag="frame"):
    """What changed in one cluster with one number. `changes` is null where it was too much for a frame."""

    place: str
    at: str
    cluster: msgspec.Raw
    changes: msgspec.Raw


class ClusterChanges(msgspec.Struct, tag_field="type", tag="changes"):
    """The answer to `since`: all that changed from one place to another, in order."""

    since: str
    place: str
    at: str
    cluster: msgspec.Raw
    changes: msgspec.Raw


class Heartbeat(msgspec.Struct, tag_field="type", tag="heartbeat"):
    """The line is there though nothing changed. Sent after 2 s of silence, and when `reading` is another."""

    at: str
    place: str | None
    reading: bool
    worker_seen_at: str | None


class Since(msgspec.Struct, tag_field="type", tag="since", forbid_unknown_fields=True):
    """From a page: tell me what changed after this place."""

    place: str


class SetChange(msgspec.Struct, tag_field="op", tag="set"):
    """One object is now like this."""

    resource: dict[str, object]


class GoneChange(msgspec.Struct, tag_field="op", tag="gone"):
    """One object is no more."""

    kind: str
    uid: str


OUTBOUND = (FleetPicture, FleetFrame, ClusterPicture, ClusterFrame, ClusterChanges, Heartbeat)
INBOUND = (Since,)

_inbound = msgspec.json.Decoder(Since)


class NotUnderstood(ValueError):
    """What a page sent is no message of ours."""


def read_inbound(text: str) -> Since:
    """The message a page sent; NotUnderstood if it is none."""
    try:
        return _inbound.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotUnderstood("Not a message of this socket; see docs/live-messages.md.") from error


def place_text(fence: int, number: int) -> str:
    """A place in a journal as messages write it: FENCE.N."""
    return f"{fence}.{number}"


def read_place(text: str) -> tuple[int, int]:
    """The fence and number of FENCE.N; NotUnderstood if it is no place."""
    fence, _, number = text.partition(".")
    if not (
        fence.isascii() and fence.isdigit() and number.isascii() and number.isdigit() and len(text) <= 40
    ):
        raise NotUnderstood("A place is written FENCE.N, such as 7.41.")
    return int(fence), int(number)


def moment(at_ms: int) -> str:
    """A time of our own clock, as messages write it."""
    return iso(at_ms) or ""


def heartbeat(*, at_ms: int, place: str | None, is_reading: bool, worker_seen_at_ms: int | None) -> str:
    """The sign that the line is there, and whether anybody reads what it tells of."""
    return _text(
        Heartbeat(at=moment(at_ms), place=place, reading=is_reading, worker_seen_at=iso(worker_seen_at_ms))
    )


def fleet_picture_messages(
    *, at_ms: int, names: dict[str, Nameplate], cards: list[bytes], fleet: bytes
) -> list[str]:
    """The whole fleet: a picture with as many cards as fit, then frames with the others."""
    first, *others = _portions(cards) or [[]]
    whole = FleetPicture(at=moment(at_ms), names=names, clusters=first, fleet=msgspec.Raw(fleet))
    return [_text(whole), *(_fleet_frame(at_ms, portion, fleet) for portion in others)]


def fleet_frames(*, at_ms: int, cards: list[bytes], fleet: bytes) -> list[str]:
    """The clusters that changed: one message, or several where they are many at once."""
    return [_fleet_frame(at_ms, portion, fleet) for portion in _portions(cards) or [[]]]


def cluster_picture_message(*, place: str, at_ms: int, name: Nameplate, card: bytes) -> str:
    """One cluster as it is."""
    return _text(ClusterPicture(place=place, at=moment(at_ms), name=name, cluster=msgspec.Raw(card)))


def cluster_frame(*, place: str, at_ms: int, card: bytes, changes: bytes) -> str:
    """What changed in one cluster; `changes` is JSON."""
    return _text(
        ClusterFrame(place=place, at=moment(at_ms), cluster=msgspec.Raw(card), changes=msgspec.Raw(changes))
    )


def cluster_changes(*, since: str, place: str, at_ms: int, card: bytes, changes: bytes) -> str:
    """What a page missed; `changes` is JSON."""
    return _text(
        ClusterChanges(
            since=since,
            place=place,
            at=moment(at_ms),
            cluster=msgspec.Raw(card),
            changes=msgspec.Raw(changes),
        )
    )


def _fleet_frame(at_ms: int, portion: list[msgspec.Raw], fleet: bytes) -> str:
    return _text(FleetFrame(at=moment(at_ms), clusters=portion, fleet=msgspec.Raw(fleet)))


def _portions(cards: list[bytes]) -> list[list[msgspec.Raw]]:
    portions: list[list[msgspec.Raw]] = []
    filled_bytes = FLEET_PICTURE_BYTES
    for card in cards:
        if filled_bytes + len(card) > FLEET_PICTURE_BYTES:
            portions.append([])
            filled_bytes = 0
        portions[-1].append(msgspec.Raw(card))
        filled_bytes += len(card)
    return portions


def _text(message: msgspec.Struct) -> str:
    return _encoder.encode(message).decode()
