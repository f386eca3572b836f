"""The cluster's card as journal rows and keyframes carry it. Pure.

Format 1 is JSON of clusters.state.picture.ClusterValues: the fleet at a past moment is read from these
alone, without replaying a single pod.
"""

import msgspec

from clusters.state.picture import ClusterValues
from metrics.packing import Blob, StoredFormatError, format_of

_FORMAT = 1
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ClusterValues)


def encode_state(values: ClusterValues) -> bytes:
    """The column `state`."""
    return bytes((_FORMAT,)) + _encoder.encode(values)


def decode_state(blob: Blob) -> ClusterValues:
    """The card in a column `state`."""
    format_of(blob, (_FORMAT,))
    try:
        return _decoder.decode(memoryview(blob)[1:])
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A stored card of a cluster cannot be understood.") from error
