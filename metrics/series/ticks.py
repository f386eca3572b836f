"""One moment of all figures of one cluster, in and out of the form of a tick's row. Pure.

Format 1 is msgpack: `[[figure name, …], [[subject, value, …], …]]` for each set of figures, values as whole
numbers of the figure's resolution (see metrics.series.figures). Not compressed: a tick lives an hour.
"""

from collections.abc import Mapping

import msgspec

from metrics.packing import Blob, StoredFormatError, format_of
from metrics.series.figures import figure_named

TICK_MS = 30_000
_FORMAT = 1

Number = float | int | None
Points = Mapping[str, Mapping[str, Number]]
"""Subject to figure to value. The subject of the cluster itself is empty; a node's is `Node/name`."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[list[str], list[list[str | int | None]]]])


def tick_at_ms(now_ms: int) -> int:
    """The moment a tick taken now counts for: a full half minute, so that no two share a slot."""
    return now_ms - now_ms % TICK_MS


def pack_tick(points: Points) -> bytes:
    """The column `points`. None is unknown. Raises KeyError for a figure that is not declared."""
    groups: dict[tuple[str, ...], list[list[str | int | None]]] = {}
    for subject, values in points.items():
        units = [figure_named(name).to_units(value) for name, value in values.items()]
        groups.setdefault(tuple(values), []).append([subject, *units])
    return bytes((_FORMAT,)) + _encoder.encode(list(groups.items()))


def unpack_tick(blob: Blob) -> dict[str, dict[str, int | None]]:
    """Subject to figure to value in units of the figure's resolution."""
    format_of(blob, (_FORMAT,))
    try:
        groups = _decoder.decode(memoryview(blob)[1:])
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A tick of figures cannot be understood.") from error
    return {
        str(row[0]): {
            name: None if unit is None else int(unit) for name, unit in zip(names, row[1:], strict=True)
        }
        for names, rows in groups
        for row in rows
    }
