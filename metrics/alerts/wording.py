"""What people are told of an alert: the rule's own words with what was found put in. Pure, and never fails.

Only `{name}` stands for something, only names that the rule lists, and what is put in is never looked at
again: a cluster that calls a pod `{namespace}` says just that.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from metrics.alerts.values import Value

COUNT = "count"
LONGEST_VALUE = 300
UNKNOWN = "unknown"

_NAME = re.compile(r"\{([a-z][a-z_]*(?:\.[a-z][a-z_]*)?)\}")
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\s]+")
"""Control characters, those that turn the direction of writing, and any run of blanks."""
_GIB = 1 << 30
_ENDS = (".", "!", "?", "…")
"""Of a sentence. One that ends with what a cluster says may lack its own."""


class Worded(Protocol):
    """The texts of a rule."""

    @property
    def sentence(self) -> str: ...
    @property
    def sentence_many(self) -> str: ...
    @property
    def advice(self) -> str: ...
    @property
    def command(self) -> str: ...


def names_in(text: str) -> frozenset[str]:
    """The names that a text asks for. Raises ValueError where a brace is anything else.

    >>> sorted(names_in("{name} in {namespace}"))
    ['name', 'namespace']
    """
    rest = _NAME.sub("", text)
    if "{" in rest or "}" in rest:
        raise ValueError("braces stand around the name of a param only, such as {name}, {container.reason}.")
    return frozenset(_NAME.findall(text))


def sentence(rule: Worded, params: Mapping[str, Value], count: int = 1) -> str:
    """What is wrong, in a sentence: of one thing, or of `count` things in the same trouble."""
    text = rule.sentence if count == 1 else rule.sentence_many
    said = _filled(text, params if count == 1 else {**params, COUNT: count}, _told)
    return said if said.endswith(_ENDS) else f"{said}."


def advice(rule: Worded, params: Mapping[str, Value]) -> str:
    """What to do about it."""
    return _filled(rule.advice, params, _told)


def command(rule: Worded, params: Mapping[str, Value]) -> str:
    """What to type to see it. Names come from the cluster and are quoted: the line is made to be pasted."""
    return _filled(rule.command, params, lambda name, value: shlex.quote(_told(name, value)))


def _filled(text: str, params: Mapping[str, Value], told: Callable[[str, Value], str]) -> str:
    return _NAME.sub(lambda found: told(found[1], params.get(found[1])), text)


def _told(name: str, value: Value) -> str:
    """A value in the unit its name gives, on one line and short."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _amount(name, value)
    text = _ODD.sub(" ", str(value)).strip()
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _amount(name: str, value: float) -> str:
    try:
        if name.endswith("_bytes"):
            return _number(value / _GIB) + " GiB"
        return _moment(value) if name.endswith("_ms") else _number(value)
    except (ValueError, OverflowError, OSError):  # Beyond what floats, clocks or printed numbers hold.
        return UNKNOWN


def _moment(at_ms: float) -> str:
    """A moment to the minute.

    >>> _moment(1795255200000)
    '2026-11-21 10:00 UTC'
    """
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def _number(value: float) -> str:
    """A number with no more digits than anybody reads.

    >>> _number(3), _number(12.0), _number(0.25)
    ('3', '12', '0.25')
    """
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}".rstrip("0").rstrip(".")
