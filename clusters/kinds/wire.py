"""List pages and watch lines, decoded straight into what is kept of each object.

The whole page or line is decoded in one go. Only where that fails is it taken apart, so that one object
that cannot be understood costs itself and no other.
"""

import functools
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from clusters.connection.errors import ClusterError, Reason
from clusters.kinds.kind import Kind
from clusters.state.objects import Identity
from clusters.state.texts import clipped

T = TypeVar("T")

ADDED, MODIFIED, DELETED, BOOKMARK, ERROR = "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"
_OBJECT_TYPES = frozenset({ADDED, MODIFIED, DELETED})
_LONGEST_KEY = 320
_BOOKMARK_START = b'{"type":"BOOKMARK",'
_FIELD_MANAGERS = b'"managedFields":['
_INITIAL_END = "k8s.io/initial-events-end"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Page(NamedTuple):
    """One page of a list. `skipped` are the keys (namespace/name) of objects that cannot be understood."""

    resource_version: str
    continue_token: str
    """Empty on the last page."""
    remaining: int | None
    objects: list[Any]
    skipped: list[str]


class WatchEvent(Struct, frozen=True, gc=False):
    """One line of a watch.

    `object` is None for bookmarks, errors and an object that cannot be understood, whose key
    is then in `skipped_key` and whose uid, if it can be told, in `uid`.
    """

    type: str
    object: Any = None
    version: str = ""
    """Where the watch has got to; empty where the line does not say."""
    code: int | None = None
    """The HTTP status that an ERROR stands for, such as 410."""
    message: str = ""
    ends_initial: bool = False
    """The bookmark after the last object of a streaming list."""
    skipped_key: str = ""
    uid: str = ""


class _ListMetadata(Struct, gc=False, rename="camel"):
    resource_version: Identity
    continue_token: str | None = field(default=None, name="continue")
    remaining_item_count: int | None = None


class _List(Struct, Generic[T], gc=False):
    metadata: _ListMetadata
    items: list[T] | None


class _Line(Struct, Generic[T], gc=False):
    type: str
    object: T


class _BookmarkMetadata(Struct, gc=False, rename="camel"):
    resource_version: Identity
    annotations: dict[str, str] | None = None


class _Bookmark(Struct, gc=False):
    metadata: _BookmarkMetadata


class _Status(Struct, gc=False):
    code: int | None = None
    message: str | None = None


class _LooseMetadata(Struct, gc=False, rename="camel"):
    name: Any = None
    namespace: Any = None
    uid: Any = None
    resource_version: Any = None


class _Loose(Struct, gc=False):
    metadata: _LooseMetadata | None = None


class _Named(Struct, gc=False):
    kind: str | None = None


def decode_page(kind: Kind, body: bytes | bytearray) -> Page:
    """One page of a list; an object that cannot be understood is left out and named.

    Raises ClusterError where the answer is no list at all.
    """
    try:
        page = _page_decoder(kind).decode(body)
    except _UNREADABLE:
        return _decode_page_piecewise(kind, body)
    return _page(page, page.items or [], [])


def decode_event(kind: Kind, line: bytes) -> WatchEvent:
    """One line of a watch. Raises ClusterError where it is none."""
    if line.startswith(_BOOKMARK_START):  # As every API server begins one: of a quiet cluster all there is.
        return _decode_odd_line(kind, line)
    try:
        event = _line_decoder(kind).decode(_without_field_managers(line))
    except _UNREADABLE:
        return _decode_odd_line(kind, line)
    if event.type not in _OBJECT_TYPES:
        return _decode_odd_line(kind, line)
    if _mark(kind) not in line and _WHO.decode(line).object.kind not in (None, kind.name):
        raise _not_understood(f"a watch of {kind.plural}")
    return WatchEvent(event.type, event.object, event.object.metadata.resource_version)


def _without_field_managers(line: bytes) -> bytes:
    """The line without what metadata.managedFields lists: two fifths of a pod, and nothing is kept of it.

    The first bracket that closes is the list's end, as there is no other list in it. Were it one in a text or
    in a list within, what is left would be no JSON: it had an odd quote or a bracket too many. Such a line is
    then decoded as it came.
    """
    start = line.find(_FIELD_MANAGERS)
    if start < 0:
        return line
    start += len(_FIELD_MANAGERS)
    end = line.find(b"]", start)
    return line[:start] + line[end:] if end >= 0 else line


def _decode_page_piecewise(kind: Kind, body: bytes | bytearray) -> Page:
    try:
        page = _RAW_PAGE.decode(body)
    except _UNREADABLE as error:
        raise _not_understood(f"a list of {kind.plural}") from error
    objects: list[Any] = []
    skipped: list[str] = []
    for item in page.items or []:
        found, loose = _decode_object(kind, item)
        if found is None:
            skipped.append(_key(loose))
        else:
            objects.append(found)
    return _page(page, objects, skipped)


def _page(page: _List[Any], objects: list[Any], skipped: list[str]) -> Page:
    metadata = page.metadata
    return Page(
        metadata.resource_version,
        metadata.continue_token or "",
        metadata.remaining_item_count,
        objects,
        skipped,
    )


def _decode_odd_line(kind: Kind, line: bytes) -> WatchEvent:
    """Bookmarks, errors, and objects that cannot be understood."""
    try:
        event = _RAW_LINE.decode(line)
        if event.type == BOOKMARK:
            return _bookmark(_BOOKMARK.decode(event.object))
        if event.type == ERROR:
            status = _STATUS.decode(event.object)
            return WatchEvent(ERROR, code=status.code, message=clipped(status.message))
    except _UNREADABLE as error:
        raise _not_understood(f"a watch of {kind.plural}") from error
    if event.type not in _OBJECT_TYPES:
        raise _not_understood(f"a watch of {kind.plural}")
    found, loose = _decode_object(kind, event.object)
    if found is not None:
        return WatchEvent(event.type, found, found.metadata.resource_version)
    version, uid = (_text(loose.resource_version), _text(loose.uid)) if loose else ("", "")
    return WatchEvent(event.type, version=version, skipped_key=_key(loose), uid=uid)


def _bookmark(bookmark: _Bookmark) -> WatchEvent:
    metadata = bookmark.metadata
    ends_initial = (metadata.annotations or {}).get(_INITIAL_END) == "true"
    return WatchEvent(BOOKMARK, version=metadata.resource_version, ends_initial=ends_initial)


def _decode_object(kind: Kind, raw: Raw) -> tuple[Any, _LooseMetadata | None]:
    """The object; where it cannot be understood, None and what can be told of it."""
    try:
        return _object_decoder(kind).decode(raw), None
    except _UNREADABLE:
        pass
    try:
        return None, _LOOSE.decode(raw).metadata
    except _UNREADABLE:
        return None, None


def _key(loose: _LooseMetadata | None) -> str:
    if loose is None:
        return "?"
    namespace, name = _text(loose.namespace), _text(loose.name) or "?"
    return clipped(f"{namespace}/{name}" if namespace else name, _LONGEST_KEY)


def _text(value: object) -> str:
    return clipped(value, _LONGEST_KEY) if isinstance(value, str) else ""


def _not_understood(what: str) -> ClusterError:
    return ClusterError(
        Reason.PROTOCOL,
        f"The server answered {what} with something that cannot be understood.",
        "Check that the address is that of a Kubernetes API server and not of a proxy before it.",
    )


@functools.cache
def _mark(kind: Kind) -> bytes:
    """How an API server begins an object of this kind in a watch."""
    return f'"object":{{"kind":"{kind.name}"'.encode()


@functools.cache
def _page_decoder(kind: Kind) -> "msgspec.json.Decoder[_List[Any]]":
    return msgspec.json.Decoder(_List[kind.api_object])  # type: ignore[name-defined]


@functools.cache
def _line_decoder(kind: Kind) -> "msgspec.json.Decoder[_Line[Any]]":
    return msgspec.json.Decoder(_Line[kind.api_object])  # type: ignore[name-defined]


@functools.cache
def _object_decoder(kind: Kind) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind.api_object)


_RAW_PAGE = msgspec.json.Decoder(_List[Raw])
_RAW_LINE = msgspec.json.Decoder(_Line[Raw])
_BOOKMARK = msgspec.json.Decoder(_Bookmark)
_STATUS = msgspec.json.Decoder(_Status)
_LOOSE = msgspec.json.Decoder(_Loose)
_WHO = msgspec.json.Decoder(_Line[_Named])
