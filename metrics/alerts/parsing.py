"""Reads a rule's tests from its file and checks every word of them. Pure.

The vocabulary is that of metrics.alerts.conditions.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from metrics.alerts import fields
from metrics.alerts.conditions import (
    Aged,
    AllOf,
    Among,
    AnyOf,
    Changes,
    Compared,
    ConditionError,
    Held,
    Nears,
    Not,
    Operand,
    Rises,
    Some,
    StartsWith,
    Test,
    Unchanged,
    duration_ms,
    walked,
)
from metrics.alerts.fields import CLUSTER, is_read

DEEPEST = 5
UNIT_MS = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
_WITH_MEMORY = (Unchanged, Changes, Rises, Held)


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


_MADE_OF_OTHERS = frozenset({"any_", "all_", "not_", "held", "some"})
_MADE = {
    "is_": _among, "is_not": _not_among, "starts_with": _starts, "more_than": _more, "less_than": _less,
    "older_than": _older, "younger_than": _younger, "sooner_than": _sooner, "unchanged_for": _unchanged,
    "changes_more_than": _changes, "rises_by": _rises, "any_": _any, "all_": _every, "not_": _not,
    "held": _held, "some": _some,
}  # fmt: skip
