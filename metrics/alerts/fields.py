"""What a rule's condition can ask of a subject: the fields of its kind, by name, and of what type. Pure."""

import functools
import types
import typing
from typing import Any

import msgspec

from clusters.kinds import kind_named
from metrics.alerts.whole import Whole

CLUSTER = "Cluster"
DERIVED: dict[str, dict[str, type]] = {"Node": {"pods_running": int}}
"""Fields that other objects decide: the pods of a node that have not ended."""


@functools.cache
def fields_of(about: str) -> dict[str, Any] | None:
    """Name to type of what is known of a kind's objects; None for a kind that is not read."""
    if about == CLUSTER:
        return _hints(Whole)
    try:
        found = _hints(kind_named(about).resource)
    except KeyError:
        return None
    return {**found, **DERIVED.get(about, {})}


def is_read(kind: str) -> bool:
    """Whether anything of this kind is known."""
    return fields_of(kind) is not None


def field_type(about: str, path: str) -> Any:
    """The type of a field, such as `restarts` or `container.reason`. Raises KeyError."""
    first, _, rest = path.partition(".")
    known = fields_of(about)
    if known is None:
        return str
    found = known[first]
    return _hints(plain(found))[rest] if rest else found


def has_field(about: str, path: str) -> bool:
    """Whether there is such a field, and it is a plain value that can be told."""
    try:
        return plain(field_type(about, path)) in (str, int, float, bool)
    except (KeyError, TypeError):
        return False


def element_type(about: str, path: str) -> type[msgspec.Struct]:
    """The type of the elements of a field that holds several. Raises KeyError."""
    found = field_type(about, path)
    parts = typing.get_args(found)
    if typing.get_origin(found) is tuple and len(parts) == 2 and issubclass(parts[0], msgspec.Struct):
        return typing.cast(type[msgspec.Struct], parts[0])
    raise KeyError(path)


def fields_of_struct(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Name to type of the elements of a field that holds several."""
    return _hints(struct)


def plain(annotation: Any) -> Any:
    """The type without None: str of `str | None`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kept = [one for one in typing.get_args(annotation) if one is not type(None)]
        return kept[0] if len(kept) == 1 else annotation
    return annotation


@functools.cache
def _hints(struct: Any) -> dict[str, Any]:
    return typing.get_type_hints(struct)
