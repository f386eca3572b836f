"""A keyframe's picture, in and out of its stored form: every resource of a cluster at one moment. Pure.

Format 1 is `[[kind, [record, …]], …]` in msgpack and zstd: by kind, so that each list is read in one go.
"""

from collections.abc import Iterable

import msgspec

from clusters.state.resource import Resource
from metrics.journal.records import records_decoder
from metrics.packing import Blob, StoredFormatError, open_sealed, seal

_FORMAT = 1
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[str, msgspec.Raw]])


def encode_picture(resources: Iterable[Resource]) -> bytes:
    """The column `picture`."""
    by_kind: dict[str, list[Resource]] = {}
    for resource in resources:
        by_kind.setdefault(resource.kind, []).append(resource)
    return seal(_FORMAT, _encoder.encode(sorted(by_kind.items())))


def decode_picture(blob: Blob) -> list[Resource]:
    """Every resource of the keyframe."""
    _, payload = open_sealed(blob)
    try:
        lists = [records_decoder(kind).decode(records) for kind, records in _decoder.decode(payload)]
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A keyframe cannot be understood.") from error
    return [resource for resources in lists for resource in resources]
