"""Label selectors in Kubernetes' own words, judged by us so that every database gives the same answer. Pure.

`env=prod,tier!=batch,region in (eu,us),stage notin (dev),owner,!legacy`: all parts must hold; `*` is all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EVERYTHING = "*"
LONGEST_SELECTOR = 500

_KEY = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?"
_EQUALITY = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_PRESENCE = re.compile(rf"(!?)\s*({_KEY})")
_COMMA_OUTSIDE_BRACKETS = re.compile(r",(?![^(]*\))")


class SelectorError(ValueError):
    """A selector that cannot be understood; the message says which part and what would do."""


@dataclass(frozen=True)
class Requirement:
    """One part of a selector. `values` None asks only whether the key is there."""

    key: str
    values: frozenset[str] | None
    is_negative: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it. As in Kubernetes, `!=` and `notin` also hold without the key."""
        if self.values is None:
            return (self.key in labels) != self.is_negative
        return (labels.get(self.key) in self.values) != self.is_negative


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """The requirements of a selector; none for `*`. Raises SelectorError.

    >>> parse_selector("env=prod")
    (Requirement(key='env', values=frozenset({'prod'}), is_negative=False),)
    """
    text = text.strip()
    if not text:
        raise SelectorError("An empty selector selects nothing; write * for every cluster.")
    if len(text) > LONGEST_SELECTOR:
        raise SelectorError(f"The selector is longer than {LONGEST_SELECTOR} characters.")
    if text == EVERYTHING:
        return ()
    return tuple(_requirement(part.strip()) for part in _COMMA_OUTSIDE_BRACKETS.split(text))


def matches(requirements: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    """Whether the labels meet every requirement."""
    return all(requirement.holds(labels) for requirement in requirements)


def _requirement(part: str) -> Requirement:
    if match := _EQUALITY.fullmatch(part):
        key, operator, value = match.groups()
        return Requirement(key, frozenset({value}), operator == "!=")
    if match := _SET.fullmatch(part):
        key, operator, listed = match.groups()
        return Requirement(key, _values(listed, part), operator == "notin")
    if match := _PRESENCE.fullmatch(part):
        return Requirement(match[2], None, bool(match[1]))
    raise SelectorError(
        f"{part!r} is no label requirement; write for example env=prod or env in (prod,stage)."
    )


def _values(listed: str, part: str) -> frozenset[str]:
    values = [value.strip() for value in listed.split(",")]
    if not all(re.fullmatch(_VALUE, value) for value in values):
        raise SelectorError(f"{part!r} holds something that is no label value.")
    return frozenset(values)
