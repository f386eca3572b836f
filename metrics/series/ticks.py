"""One moment of all figures of one cluster, in and out of the form of a tick's row. Pure.

Format 1 is msgpack: `[[figure code, …], [[subject, value, …], …]]` for each set of figures, values as whole
numbers of the figure's resolution (see metrics.series.figures). Not compressed: a tick lives an hour.
"""

from collections.abc import Iterable, Mapping

import msgspec

from metrics.packing import Blob, StoredFormatError, format_of
from metrics.series.figures import figure_named, units_of

TICK_MS = 30_000
_FORMAT = 1

Number = float | int | None
Points = Mapping[str, Mapping[str, Number]]
"""Subject to figure to value. The subject of the cluster itself is empty; a node's is `Node/name`."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[list[int], list[list[str | int | None]]]])
_raw_decoder = msgspec.msgpack.Decoder(list[tuple[list[int], list[msgspec.Raw]]])
_row_decoder = msgspec.msgpack.Decoder(list[str | int | None])


def tick_at_ms(now_ms: int) -> int:
    """The moment a tick taken now counts for: a full half minute, so that no two share a slot."""
    return now_ms - now_ms % TICK_MS


def pack_tick(points: Points) -> bytes:
    """The column `points`. None is unknown. Raises KeyError for a figure that is not declared."""
    groups: dict[tuple[str, ...], dict[str, Iterable[Number]]] = {}
    for subject, values in points.items():
        groups.setdefault(tuple(values), {})[subject] = values.values()
    return bytes((_FORMAT,)) + _encoder.encode([_group(*group) for group in groups.items()])


def _group(names: tuple[str, ...], subjects: Mapping[str, Iterable[Number]]) -> tuple[object, ...]:
    """Figure by figure: nodes have the same ones, and there may be hundreds."""
    figures = [figure_named(name) for name in names]
    columns = [
        units_of(values, figure.units_per_one)
        for figure, values in zip(figures, zip(*subjects.values(), strict=True), strict=True)
    ]
    return [figure.code for figure in figures], list(zip(subjects, *columns, strict=True))


def unpack_tick(blob: Blob) -> dict[str, dict[int, int | None]]:
    """Subject to figure's code to value in units of the figure's resolution."""
    format_of(blob, (_FORMAT,))
    try:
        groups = _decoder.decode(memoryview(blob)[1:])
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A tick of figures cannot be understood.") from error
    return {
        str(row[0]): {
            code: unit if isinstance(unit, int) else None for code, unit in zip(codes, row[1:], strict=True)
        }
        for codes, rows in groups
        for row in rows
    }


def unpack_unit(blob: Blob, *, subject: str, code: int) -> int | None:
    """One number of a tick, the rest left unread: a large cluster's tick holds tens of thousands."""
    format_of(blob, (_FORMAT,))
    name = _encoder.encode(subject)
    try:
        for codes, rows in _raw_decoder.decode(memoryview(blob)[1:]):
            for raw in rows if code in codes else ():
                packed = memoryview(raw)
                # The subject stands behind the array's header, of 1 byte or 3.
                if name in (packed[1 : 1 + len(name)], packed[3 : 3 + len(name)]):
                    return _unit(_row_decoder.decode(raw), subject, codes.index(code))
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A tick of figures cannot be understood.") from error
    return None


def _unit(row: list[str | int | None], subject: str, at: int) -> int | None:
    unit = row[1 + at] if row[0] == subject else None
    return unit if isinstance(unit, int) else None
