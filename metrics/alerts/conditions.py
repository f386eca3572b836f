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
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from metrics.alerts import fields
from metrics.alerts.fields import CLUSTER, has_field, is_read

__all__ = ["CLUSTER", "ConditionError", "RawTest", "Test", "duration_ms", "has_field", "is_read", "parse"]

DEEPEST = 5
UNIT_MS = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
_SHORT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 366 * 86_400_000
_DURATION = re.compile(r"(0|[1-9][0-9]{0,5})([smhd])")


class ConditionError(ValueError):
    """A condition that means nothing; says where and why."""


class RawOperand(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a field is compared with, where that is no plain number."""

    limit: str = ""
    field: str = ""
    percent: str = ""


class RawTest(Struct, forbid_unknown_fields=True, kw_only=True, rename=lambda name: name.rstrip("_")):
    """One test as it is written."""

    field: str = ""
    is_: str | bool | list[str] | UnsetType = UNSET
    is_not: str | bool | list[str] | UnsetType = UNSET
    starts_with: str | list[str] | UnsetType = UNSET
    more_than: str | RawOperand | UnsetType = UNSET
    less_than: str | RawOperand | UnsetType = UNSET
    older_than: str | RawOperand | UnsetType = UNSET
    younger_than: str | RawOperand | UnsetType = UNSET
    sooner_than: str | RawOperand | UnsetType = UNSET
    unchanged_for: str | RawOperand | UnsetType = UNSET
    changes_more_than: str | RawOperand | UnsetType = UNSET
    rises_by: str | RawOperand | UnsetType = UNSET
    within: str | RawOperand | UnsetType = UNSET
    any_: "list[RawTest] | UnsetType" = UNSET
    all_: "list[RawTest] | UnsetType" = UNSET
    not_: "RawTest | UnsetType" = UNSET
    held: "list[RawTest] | UnsetType" = UNSET
    some: str | UnsetType = UNSET
    where: "list[RawTest] | UnsetType" = UNSET


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
_WITH_MEMORY = (Unchanged, Changes, Rises, Held)


class _Place(NamedTuple):
    """Where in a rule a test stands, and what may be named there."""

    about: str
    limits: Mapping[str, float]
    path: str
    depth: int = 0
    element: type[Struct] | None = None

    def at(self, path: str) -> "_Place":
        if self.depth > DEEPEST:
            raise ConditionError(f"{self.path}: tests are nested deeper than {DEEPEST} levels.")
        return self._replace(path=f"{self.path}{path}", depth=self.depth + path.startswith("."))

    def wrong(self, what: str) -> ConditionError:
        return ConditionError(f"{self.path}: {what}")


def parse(about: str, raw: Sequence[RawTest], limits: Mapping[str, float], *, place: str) -> tuple[Test, ...]:
    """The tests of a rule about a kind. Raises ConditionError."""
    tests = _all(raw, _Place(about, limits, place))
    for test in tests if place == "unless" else tests[1:]:
        if any(isinstance(one, Held) for one in walked(test)):
            raise ConditionError(f"{place}: held stands first in when, so that no moment of it is missed.")
    return tests


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


def _all(raw: Sequence[RawTest], place: _Place) -> tuple[Test, ...]:
    return tuple(_test(one, place.at(f"[{index}]")) for index, one in enumerate(raw))


def _test(raw: RawTest, place: _Place) -> Test:
    given = [name for name in RawTest.__struct_fields__ if getattr(raw, name) is not UNSET]
    if not raw.field:
        given.remove("field")
    asked = [name for name in given if name not in ("field", "within", "where")]
    if len(asked) != 1:
        raise place.wrong(f"a test asks one thing; this asks {_named(asked) or 'nothing'}.")
    word = asked[0]
    _check_company(word, given, place)
    return _MADE[word](raw, place)


def _named(words: list[str]) -> str:
    return " and ".join(word.rstrip("_") for word in words)


def _check_company(word: str, given: list[str], place: _Place) -> None:
    wanted = set()
    if word not in _MADE_OF_OTHERS:
        wanted.add("field")
    if word in ("changes_more_than", "rises_by", "held"):
        wanted.add("within")
    if word == "some":
        wanted.add("where")
    there = set(given) & {"field", "within", "where"}
    if missing := sorted(wanted - there):
        raise place.wrong(f"{word.rstrip('_')} needs {_named(missing)} beside it.")
    if unused := sorted(there - wanted):
        raise place.wrong(f"{word.rstrip('_')} takes no {_named(unused)}.")


def _type(name: str, place: _Place) -> Any:
    if place.element is not None:
        found = fields.fields_of_struct(place.element).get(name)
    else:
        try:
            found = fields.field_type(place.about, name)
        except (KeyError, TypeError):
            found = None
    if found is None:
        raise place.wrong(f"{place.about} has no field {name[:60]!r}.")
    return fields.plain(found)


def _among(raw: RawTest, place: _Place) -> Test:
    return Among(raw.field, _values(raw.is_, raw.field, place))


def _not_among(raw: RawTest, place: _Place) -> Test:
    return Not(Among(raw.field, _values(raw.is_not, raw.field, place)))


def _values(given: Any, name: str, place: _Place) -> frozenset[str | bool | int | float]:
    type_ = _type(name, place)
    several = given if isinstance(given, list) else [given]
    if not several:
        raise place.wrong("an empty list is never met.")
    return frozenset(_value(one, type_, place) for one in several)


def _value(one: Any, type_: Any, place: _Place) -> str | bool | int | float:
    if type_ is bool or isinstance(one, bool):
        if type_ is not bool or not isinstance(one, bool):
            if not is_read(place.about):
                return bool(one) if isinstance(one, bool) else str(one)
            raise place.wrong("true and false go with fields that are one of them, and nothing else does.")
        return one
    if type_ in (int, float):
        return _number(one, place)
    if type_ is not str:
        raise place.wrong("this field holds several values; ask with some and where.")
    return str(one)


def _number(text: str, place: _Place) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= 1e15:
        raise place.wrong(f"{text[:40]!r} is no sensible number.")
    return value


def _starts(raw: RawTest, place: _Place) -> Test:
    if _type(raw.field, place) is not str:
        raise place.wrong("starts_with goes with text.")
    given = raw.starts_with
    starts = tuple(given) if isinstance(given, list) else (str(given),)
    if not all(starts):
        raise place.wrong("starts_with needs some text.")
    return StartsWith(raw.field, starts)


def _more(raw: RawTest, place: _Place) -> Test:
    return Compared(_numeric(raw.field, place), is_more=True, than=_operand(raw.more_than, place))


def _less(raw: RawTest, place: _Place) -> Test:
    return Compared(_numeric(raw.field, place), is_more=False, than=_operand(raw.less_than, place))


def _numeric(name: str, place: _Place) -> str:
    if _type(name, place) not in (int, float) and is_read(place.about):
        raise place.wrong(f"{name} is no number.")
    return name


def _operand(given: Any, place: _Place) -> Operand:
    if isinstance(given, str):
        return Operand(number=_number(given, place))
    if given.field and not given.limit:
        return Operand(field=_numeric(given.field, place), percent=_limit(given.percent, place))
    if given.limit and not (given.field or given.percent):
        return Operand(limit=_limit(given.limit, place))
    raise place.wrong("compare with a number, {limit: …}, {field: …} or {field: …, percent: …}.")


def _limit(name: str, place: _Place) -> str:
    if name and name not in place.limits:
        raise place.wrong(f"there is no limit {name[:60]!r}.")
    return name


def _length(given: Any, place: _Place) -> Operand:
    """A length of time; a limit's unit is the last word of its name."""
    if isinstance(given, str):
        return Operand(number=duration_ms(given))
    if not given.limit or given.field or given.percent:
        raise place.wrong("a length of time is such as 15m, or {limit: …}.")
    unit = UNIT_MS.get(given.limit.rpartition("_")[2])
    if unit is None:
        raise place.wrong(f"the limit {given.limit[:60]!r} does not end in one of {', '.join(UNIT_MS)}.")
    return Operand(limit=_limit(given.limit, place), factor=unit)


def _older(raw: RawTest, place: _Place) -> Test:
    return Aged(_moment(raw.field, place), is_older=True, than_ms=_length(raw.older_than, place))


def _younger(raw: RawTest, place: _Place) -> Test:
    return Aged(_moment(raw.field, place), is_older=False, than_ms=_length(raw.younger_than, place))


def _sooner(raw: RawTest, place: _Place) -> Test:
    return Nears(_moment(raw.field, place), _length(raw.sooner_than, place))


def _moment(name: str, place: _Place) -> str:
    if not name.endswith("_ms") and is_read(place.about):
        raise place.wrong(f"{name} is no moment.")
    return _numeric(name, place)


def _remembered(name: str, place: _Place) -> str:
    """A field whose changes are kept: a plain one of the object itself."""
    if place.about == CLUSTER or "." in name or place.element is not None:
        raise place.wrong("what was before is kept for plain fields of objects only.")
    if name in fields.DERIVED.get(place.about, {}):
        raise place.wrong(f"{name} is not kept.")
    _type(name, place)
    return name


def _unchanged(raw: RawTest, place: _Place) -> Test:
    return Unchanged(_remembered(raw.field, place), _length(raw.unchanged_for, place))


def _changes(raw: RawTest, place: _Place) -> Test:
    more_than = _operand(raw.changes_more_than, place)
    return Changes(_remembered(raw.field, place), more_than, _length(raw.within, place))


def _rises(raw: RawTest, place: _Place) -> Test:
    name = _numeric(_remembered(raw.field, place), place)
    return Rises(name, _operand(raw.rises_by, place), _length(raw.within, place))


def _any(raw: RawTest, place: _Place) -> Test:
    return AnyOf(_several(raw.any_, place.at(".any")))


def _every(raw: RawTest, place: _Place) -> Test:
    return AllOf(_several(raw.all_, place.at(".all")))


def _not(raw: RawTest, place: _Place) -> Test:
    assert isinstance(raw.not_, RawTest)
    return Not(_test(raw.not_, place.at(".not")))


def _held(raw: RawTest, place: _Place) -> Test:
    if place.about == CLUSTER or place.element is not None:
        raise place.wrong("what was before is kept for objects only.")
    tests = _several(raw.held, place.at(".held"))
    if any(_has_memory(one) or _is_timed(one) for one in tests):
        raise place.wrong("held asks of what is at one moment, not of what was before or how long ago.")
    return Held(tests, _length(raw.within, place))


def _some(raw: RawTest, place: _Place) -> Test:
    inner = place.at(".where")
    try:
        element = fields.element_type(place.about, str(raw.some))
    except (KeyError, TypeError):
        if is_read(place.about):
            raise place.wrong(f"no field {str(raw.some)[:60]!r} of {place.about} holds several.") from None
        return Some(str(raw.some), _several(raw.where, inner))
    tests = _several(raw.where, inner._replace(element=element))
    return Some(str(raw.some), tests)


def _several(raw: Any, place: _Place) -> tuple[Test, ...]:
    if not raw:
        raise place.wrong("there has to be a test.")
    return _all(raw, place)


def _has_memory(test: Test) -> bool:
    return any(isinstance(one, _WITH_MEMORY) for one in walked(test))


def _is_timed(test: Test) -> bool:
    return any(isinstance(one, Aged | Nears) for one in walked(test))


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


_MADE_OF_OTHERS = frozenset({"any_", "all_", "not_", "held", "some"})
_MADE = {
    "is_": _among, "is_not": _not_among, "starts_with": _starts, "more_than": _more, "less_than": _less,
    "older_than": _older, "younger_than": _younger, "sooner_than": _sooner, "unchanged_for": _unchanged,
    "changes_more_than": _changes, "rises_by": _rises, "any_": _any, "all_": _every, "not_": _not,
    "held": _held, "some": _some,
}  # fmt: skip
