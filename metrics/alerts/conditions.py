"""The words in which a rule says what is wrong, as data. Pure.

A test is a mapping. It names a `field` of the subject and asks one thing of it:

- `is: a` or `is: [a, b]`, `is_not: …`, `starts_with: …`
- `more_than: X`, `less_than: X`: a number, `{limit: name}`, `{field: other}` or `{field: …, percent: limit}`
- `older_than: 12h`, `younger_than: 12h`: of a moment; also `{limit: hours_or_so}`. What is ahead is younger.
- `sooner_than: 7d`: of a moment ahead; what is past is sooner than all
- `unchanged_for: 10m`
- `changes_more_than: X, within: 15m`: how often it became another
- `rises_by: X, within: 1h`: by that much or more

or it is made of others: `any: […]`, `all: […]`, `not: {…}`, `held: […], within: 5m` (all of them held at one
moment of the last 5 min) and `some: field, where: […]` (of what a field holds several of). A field that is
unknown meets no test but `is_not`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SHORT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 366 * 86_400_000
_DURATION = re.compile(r"(0|[1-9][0-9]{0,5})([smhd])")


class ConditionError(ValueError):
    """A condition that means nothing; says where and why."""


class Operand(NamedTuple):
    """A number: fixed, or a limit's, or a field's, or so many percent (a limit) of a field's."""

    number: float = 0.0
    limit: str = ""
    field: str = ""
    percent: str = ""
    factor: float = 1.0
    """A limit's unit in ms, where it is a length of time."""


class Among(NamedTuple):
    """The field is one of these values."""

    field: str
    values: frozenset[str | bool | int | float]


class StartsWith(NamedTuple):
    """The field's text starts with one of these."""

    field: str
    starts: tuple[str, ...]


class Compared(NamedTuple):
    """The field is more (or less) than a number."""

    field: str
    is_more: bool
    than: Operand


class Aged(NamedTuple):
    """The moment in the field is longer (or not so long) ago."""

    field: str
    is_older: bool
    than_ms: Operand


class Nears(NamedTuple):
    """The moment in the field is less than so long ahead, or past."""

    field: str
    by_ms: Operand


class Unchanged(NamedTuple):
    """The field has been as it is for so long."""

    field: str
    for_ms: Operand


class Changes(NamedTuple):
    """The field became another more than so many times within so long."""

    field: str
    more_than: Operand
    within_ms: Operand


class Rises(NamedTuple):
    """The field has risen by so much or more within so long."""

    field: str
    by: Operand
    within_ms: Operand


class AnyOf(NamedTuple):
    """One of the tests holds."""

    tests: "tuple[Test, ...]"


class AllOf(NamedTuple):
    """All tests hold."""

    tests: "tuple[Test, ...]"


class Not(NamedTuple):
    """The test does not hold."""

    test: "Test"


class Held(NamedTuple):
    """All tests held at one moment within so long."""

    tests: "tuple[Test, ...]"
    within_ms: Operand


class Some(NamedTuple):
    """All tests hold for one of what the field holds."""

    field: str
    tests: "tuple[Test, ...]"


Test = (
    Among
    | StartsWith
    | Compared
    | Aged
    | Nears
    | Unchanged
    | Changes
    | Rises
    | AnyOf
    | AllOf
    | Not
    | Held
    | Some
)


def duration_ms(text: str) -> int:
    """A length of time such as 15m in milliseconds. Raises ConditionError.

    >>> duration_ms("15m"), duration_ms("0s")
    (900000, 0)
    """
    found = _DURATION.fullmatch(text)
    length_ms = int(found[1]) * _SHORT_MS[found[2]] if found else -1
    if not 0 <= length_ms <= _LONGEST_MS:
        raise ConditionError(
            f"{text[:40]!r} is no length of time of up to a year, such as 30s, 15m, 12h, 7d."
        )
    return length_ms


def operand_value(operand: Operand, limits: Mapping[str, float], other: float | None) -> float | None:
    """The number it stands for; `other` is the value of its field, if it names one."""
    if operand.limit:
        return limits[operand.limit] * operand.factor
    if not operand.field:
        return operand.number
    if other is None:
        return None
    return other * limits[operand.percent] / 100 if operand.percent else other


def walked(test: Test) -> "list[Test]":
    """The test and all that it is made of."""
    inner: tuple[Test, ...] = ()
    if isinstance(test, AnyOf | AllOf | Held | Some):
        inner = test.tests
    elif isinstance(test, Not):
        inner = (test.test,)
    return [test, *(deeper for one in inner for deeper in walked(one))]


def fields_named(tests: Sequence[Test]) -> frozenset[str]:
    """Every field that the tests, and those they are made of, name."""
    named: set[str] = set()
    for test in tests:
        for one in walked(test):
            named.add(getattr(one, "field", ""))
            named |= {part.field for part in one if isinstance(part, Operand)}
    return frozenset(named - {""})


def look_back_ms(tests: Sequence[Test], limits: Mapping[str, float]) -> float:
    """How long ago the tests ask about, at most."""
    lengths = [
        operand_value(one.for_ms if isinstance(one, Unchanged) else one.within_ms, limits, None) or 0.0
        for test in tests
        for one in walked(test)
        if isinstance(one, Unchanged | Changes | Rises | Held)
    ]
    return max(lengths, default=0.0)
