"""Label and field selectors in the common forms."""

import re
from collections.abc import Callable, Mapping

from clusters.simulator.statuses import Refused, bad_request

Match = Callable[[Mapping[str, str]], bool]

_SET = re.compile(r"^\s*(?P<key>[\w./-]+)\s+(?P<how>in|notin)\s*\((?P<values>[^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*(?P<key>[\w./-]+)\s*(?P<how>==|!=|=)\s*(?P<value>[^,()]*?)\s*$")
_EXISTS = re.compile(r"^\s*(?P<absent>!?)\s*(?P<key>[\w./-]+)\s*$")
_COMMA = re.compile(r",(?![^(]*\))")


def label_match(text: str) -> Match | None:
    """What a labelSelector asks of labels; None where it asks nothing.

    >>> label_match("app in (db,web),!old")({"app": "db"})
    True
    """
    if not text:
        return None
    parts = [_requirement(part) for part in _COMMA.split(text)]
    return lambda labels: all(part(labels) for part in parts)


def field_match(text: str, supported: frozenset[str], kind: str) -> Match | None:
    """What a fieldSelector asks of an object's selectable fields; None where it asks nothing."""
    if not text:
        return None
    parts = [_field(part, supported, kind) for part in text.split(",")]
    return lambda fields: all(part(fields) for part in parts)


def _requirement(text: str) -> Match:
    if found := _SET.match(text):
        key = found["key"]
        values = frozenset(value.strip() for value in found["values"].split(","))
        if found["how"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(text):
        return _equal(found["key"], found["how"], found["value"])
    if found := _EXISTS.match(text):
        key, absent = found["key"], bool(found["absent"])
        return lambda labels: (key in labels) != absent
    raise _unparsable(text)


def _field(text: str, supported: frozenset[str], kind: str) -> Match:
    found = _EQUAL.match(text)
    if found is None:
        raise bad_request(f"invalid field selector: {text!r}; can't understand it")
    key, how, wanted = found["key"], found["how"], found["value"]
    if key not in supported:
        raise bad_request(f'field label not supported: "{key}" for {kind}')
    negated = how == "!="
    # A field that is not set reads as empty, unlike a label.
    return lambda fields: (fields.get(key, "") == wanted) != negated


def _equal(key: str, how: str, wanted: str) -> Match:
    if how == "!=":
        return lambda labels: labels.get(key) != wanted
    return lambda labels: labels.get(key) == wanted


def _unparsable(text: str) -> Refused:
    return bad_request(f"unable to parse requirement: <nil>: Invalid value: {text!r}")
