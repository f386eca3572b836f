"""One file per Kubernetes kind: where to read it, which fields we keep, how an object becomes a Resource.

Adding a kind adds a file and edits no list. No I/O in here."""

import functools
import importlib
import pkgutil

import msgspec

from clusters.kinds.kind import Kind
from clusters.state.resource import Resource

RECORD_FORMAT = b"\x01"


@functools.cache
def all_kinds() -> tuple[Kind, ...]:
    """Every kind we read, found by its file, in order of name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.KIND for m in modules if hasattr(m, "KIND")), key=lambda kind: kind.name))


@functools.cache
def kind_named(name: str) -> Kind:
    """The kind of that name, with or without its group: `Deployment`, `Deployment.apps`.

    Raises KeyError where we read no such kind.
    """
    for kind in all_kinds():
        if name in (kind.name, f"{kind.name}.{kind.group}"):
            return kind
    raise KeyError(name)


def encode_record(resource: Resource) -> bytes:
    """A resource as its row stores it: the format number, then msgpack."""
    return RECORD_FORMAT + msgspec.msgpack.encode(resource)


def decode_record(kind_name: str, record: bytes | memoryview) -> Resource:
    """A stored resource; of a kind that we no longer read, the fields that all kinds have.

    Raises ValueError where it was stored by a newer release.
    """
    record = bytes(record)
    if record[:1] != RECORD_FORMAT:
        raise ValueError(
            f"A record of format {record[:1].hex()} was stored by a newer release than this one."
        )
    return _record_decoder(kind_name).decode(memoryview(record)[1:])


@functools.cache
def _record_decoder(kind_name: str) -> msgspec.msgpack.Decoder[Resource]:
    try:
        return msgspec.msgpack.Decoder(kind_named(kind_name).resource)
    except KeyError:
        return msgspec.msgpack.Decoder(Resource)
