"""Reads YAML of strangers into plain dicts, lists and text, within limits.

Built from parser events, one at a time and without recursion: a limit is met before memory is spent,
only plain text may have aliases, so nothing multiplies, and no tag makes an object.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST_BYTES = 256 * 1024
DEEPEST = 16
MOST_NODES = 20_000
MOST_ALIASES = 32

_PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}
_PLAIN_TAGS = {
    yaml.ScalarEvent: (None, "!", "tag:yaml.org,2002:str"),
    yaml.MappingStartEvent: (None, "!", "tag:yaml.org,2002:map"),
    yaml.SequenceStartEvent: (None, "!", "tag:yaml.org,2002:seq"),
}


class YamlRefused(ValueError):
    """A document beyond the limits, or not one at all. Quotes nothing of it but names of fields."""


@dataclass
class _Open:
    """A list or mapping that has begun and not ended."""

    value: Any
    path: str
    key: str | None = None


@dataclass
class _Build:
    """What has been read so far."""

    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, str | bool | None] = field(default_factory=dict)
    nodes: int = 0
    aliases: int = 0
    documents: int = 0
    root: Any = None


def load(raw: bytes) -> Any:
    """The one document in `raw`. Scalars are text, but for null, true and false. Raises YamlRefused."""
    if len(raw) > LARGEST_BYTES:
        raise YamlRefused(f"It is larger than {LARGEST_BYTES // 1024} kB.")
    build = _Build()
    try:
        for event in yaml.parse(raw.decode("utf-8-sig"), Loader=yaml.SafeLoader):
            _take(build, event)
    except UnicodeDecodeError:
        raise YamlRefused("It is not UTF-8 text.") from None
    except yaml.MarkedYAMLError as error:
        # Not the parser's own words: they quote the document, and with it a token.
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise YamlRefused(f"It is not valid YAML{where}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, YamlRefused):
            raise
        raise YamlRefused("It is not valid YAML.") from None
    return build.root


def shown(text: object) -> str:
    """A name of a stranger, fit to be printed: quoted, short, ASCII."""
    short = str(text)
    return ascii(short if len(short) <= 80 else short[:77] + "...")


def _take(build: _Build, event: yaml.Event) -> None:
    if isinstance(event, yaml.DocumentStartEvent):
        _begin_document(build)
    elif isinstance(event, yaml.AliasEvent):
        _add_alias(build, event)
    elif isinstance(event, yaml.ScalarEvent):
        _add_scalar(build, event)
    elif isinstance(event, yaml.CollectionStartEvent):
        _begin_collection(build, event)
    elif isinstance(event, yaml.CollectionEndEvent):
        build.open.pop()


def _begin_document(build: _Build) -> None:
    build.documents += 1
    if build.documents > 1:
        raise YamlRefused("It holds more than one document.")


def _begin_collection(build: _Build, event: yaml.CollectionStartEvent) -> None:
    _count(build, event)
    if len(build.open) == DEEPEST:
        raise YamlRefused(f"It is nested deeper than {DEEPEST} levels.")
    value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
    path = _path_of_next(build)
    _place(build, value)
    build.open.append(_Open(value, path))


def _add_scalar(build: _Build, event: yaml.ScalarEvent) -> None:
    _count(build, event)
    value = _scalar(build, event)
    if event.anchor:
        build.anchors[event.anchor] = value
    _place(build, value)


def _add_alias(build: _Build, event: yaml.AliasEvent) -> None:
    build.aliases += 1
    if build.aliases > MOST_ALIASES:
        raise YamlRefused(f"It has more than {MOST_ALIASES} aliases.")
    if event.anchor not in build.anchors:
        raise YamlRefused(f"{_path(build)} is an alias of something that is not plain text before it.")
    _place(build, build.anchors[event.anchor])


def _count(build: _Build, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    build.nodes += 1
    if build.nodes > MOST_NODES:
        raise YamlRefused(f"It has more than {MOST_NODES} fields.")
    if event.tag not in _PLAIN_TAGS[type(event)]:
        raise YamlRefused(f"{_path(build)} has a YAML tag; only plain text, lists and mappings are read.")


def _place(build: _Build, value: Any) -> None:
    if not build.open:
        build.root = value
        return
    top = build.open[-1]
    if isinstance(top.value, list):
        top.value.append(value)
    elif top.key is None:
        top.key = _key(build, top, value)
    else:
        top.value[top.key] = value
        top.key = None


def _key(build: _Build, top: _Open, value: Any) -> str:
    if not isinstance(value, str):
        raise YamlRefused(f"{_path(build)} has a key that is not text.")
    if value == "<<":
        raise YamlRefused(f"{_path(build)} has a merge key (<<), which is not read.")
    if value in top.value:
        raise YamlRefused(f"{_path(build)} has the key {shown(value)} twice.")
    return value


def _scalar(build: _Build, event: yaml.ScalarEvent) -> str | bool | None:
    is_plain = event.implicit[0] and event.tag is None
    is_key = bool(build.open) and isinstance(build.open[-1].value, dict) and build.open[-1].key is None
    if is_plain and not is_key and event.value.lower() in _PLAIN:
        return _PLAIN[event.value.lower()]
    return str(event.value)


def _path(build: _Build) -> str:
    """Where we are, such as users[1].user."""
    return _path_of_next(build).lstrip(".") or "The document"


def _path_of_next(build: _Build) -> str:
    if not build.open:
        return ""
    top = build.open[-1]
    if isinstance(top.value, list):
        return f"{top.path}[{len(top.value)}]"
    if top.key is None:
        return top.path
    return f"{top.path}.{top.key if _is_field(top.key) else shown(top.key)}"


def _is_field(key: str) -> bool:
    return len(key) <= 40 and key.isascii() and key.replace("-", "").isalnum()
