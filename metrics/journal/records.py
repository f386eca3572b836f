"""Resources in and out of msgpack, each by the type of its kind. Pure."""

import functools

import msgspec

from clusters.kinds import kind_named
from clusters.state.resource import Resource


def resource_type(kind_name: str) -> type[Resource]:
    """The Struct of a kind; for a kind that we no longer read, the fields that all kinds have."""
    try:
        return kind_named(kind_name).resource
    except KeyError:
        return Resource


@functools.cache
def record_decoder(kind_name: str) -> msgspec.msgpack.Decoder[Resource]:
    """Decodes one record of a kind."""
    return msgspec.msgpack.Decoder(resource_type(kind_name))


@functools.cache
def records_decoder(kind_name: str) -> msgspec.msgpack.Decoder[list[Resource]]:
    """Decodes a list of records of a kind."""
    return msgspec.msgpack.Decoder(list[resource_type(kind_name)])  # type: ignore[misc]
