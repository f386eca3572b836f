"""A rule's tests made into functions, which are asked many times a second. Pure.

A test that a moment decides says in `Moment.due_ms` when time alone may make its answer another.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from clusters.state.resource import HEALTHY
from metrics.alerts.conditions import (
    Aged,
    AllOf,
    Among,
    AnyOf,
    Changes,
    Compared,
    Held,
    Nears,
    Not,
    Operand,
    Rises,
    Some,
    StartsWith,
    Test,
    Unchanged,
    operand_value,
)
from metrics.alerts.remembering import Memory

Derived = Mapping[str, Callable[[Any], Any]]
"""Fields that other objects decide: how to find each for one subject."""


class Moment:
    """What a test is asked with, beside its subject."""

    __slots__ = ("due_ms", "limits", "memory", "now_ms")

    def __init__(self, now_ms: int, limits: Mapping[str, float], memory: Memory) -> None:
        self.now_ms = now_ms
        self.limits = limits
        self.memory = memory
        self.due_ms: int | None = None
        """The first moment at which time alone may change an answer."""

    def may_change_at(self, at_ms: float) -> None:
        """Remember the soonest such moment."""
        at_ms = int(at_ms)
        if at_ms > self.now_ms and (self.due_ms is None or at_ms < self.due_ms):
            self.due_ms = at_ms


Predicate = Callable[[Any, Moment], bool]


def compiled(tests: Sequence[Test], derived: Derived) -> Predicate:
    """A function that says whether all the tests hold."""
    predicates = tuple(_predicate(test, derived) for test in tests)
    if len(predicates) == 1:
        return predicates[0]

    def all_hold(one: Any, moment: Moment) -> bool:
        for predicate in predicates:  # noqa: SIM110  all() costs a generator each time.
            if not predicate(one, moment):
                return False
        return True

    return all_hold


def any_compiled(tests: Sequence[Test], derived: Derived) -> Predicate:
    """A function that says whether one of the tests holds."""
    predicates = tuple(_predicate(test, derived) for test in tests)
    return lambda one, moment: any(predicate(one, moment) for predicate in predicates)


def getter(path: str, derived: Derived) -> Callable[[Any], Any]:
    """A function that gives the value of a field; None where it is unknown."""
    if path in derived:
        return derived[path]
    first, _, rest = path.partition(".")
    if not rest:
        return lambda one: getattr(one, first, None)
    return lambda one: getattr(getattr(one, first, None), rest, None)


def may_hold_when_quiet(tests: Sequence[Test]) -> bool:
    """Whether the tests can hold for an object that is healthy and gives no reason for anything."""
    return _when_quiet(AllOf(tuple(tests))) is not False


def _when_quiet(test: Test) -> bool | None:
    """True or False where these two fields decide alone; None where others have a say."""
    match test:
        case Among(field="health", values=values):
            return HEALTHY in values
        case Among(field="reason", values=values):
            return "" in values
        case Not(test=inner):
            answer = _when_quiet(inner)
            return None if answer is None else not answer
        case AllOf(tests=tests):
            answers = [_when_quiet(one) for one in tests]
            return False if False in answers else None if None in answers else True
        case AnyOf(tests=tests):
            answers = [_when_quiet(one) for one in tests]
            return True if True in answers else None if None in answers else False
    return None


def _predicate(test: Test, derived: Derived) -> Predicate:
    return _MAKERS[type(test)](test, derived)


def _among(test: Among, derived: Derived) -> Predicate:
    get, values = getter(test.field, derived), test.values
    return lambda one, _: get(one) in values


def _starts_with(test: StartsWith, derived: Derived) -> Predicate:
    get, starts = getter(test.field, derived), test.starts

    def starts_with(one: Any, _: Moment) -> bool:
        value = get(one)
        return value is not None and value.startswith(starts)

    return starts_with


def _number(operand: Operand, derived: Derived) -> Callable[[Any, Moment], float | None]:
    get = getter(operand.field, derived) if operand.field else _none
    return lambda one, moment: operand_value(operand, moment.limits, get(one))


def _none(_: Any) -> None:
    return None


def _compared(test: Compared, derived: Derived) -> Predicate:
    get, number, is_more = getter(test.field, derived), _number(test.than, derived), test.is_more

    def compared(one: Any, moment: Moment) -> bool:
        value, than = get(one), number(one, moment)
        if value is None or than is None:
            return False
        return bool(value > than) if is_more else bool(value < than)

    return compared


def _aged(test: Aged, derived: Derived) -> Predicate:
    get, is_older = getter(test.field, derived), test.is_older

    def aged(one: Any, moment: Moment) -> bool:
        at_ms = get(one)
        if at_ms is None:
            return False
        turns_ms = at_ms + _length(test.than_ms, moment)
        moment.may_change_at(turns_ms)
        return (moment.now_ms >= turns_ms) is is_older

    return aged


def _nears(test: Nears, derived: Derived) -> Predicate:
    get = getter(test.field, derived)

    def nears(one: Any, moment: Moment) -> bool:
        at_ms = get(one)
        if at_ms is None:
            return False
        turns_ms = at_ms - _length(test.by_ms, moment)
        moment.may_change_at(turns_ms)
        return bool(moment.now_ms >= turns_ms)

    return nears


def _length(operand: Operand, moment: Moment) -> float:
    return operand_value(operand, moment.limits, None) or 0.0


def _unchanged(test: Unchanged, _: Derived) -> Predicate:
    def unchanged(one: Any, moment: Moment) -> bool:
        changed_ms = moment.memory.changed_ms(one.uid, test.field)
        if changed_ms is None:
            return True
        turns_ms = changed_ms + _length(test.for_ms, moment)
        moment.may_change_at(turns_ms)
        return moment.now_ms >= turns_ms

    return unchanged


def _changes(test: Changes, derived: Derived) -> Predicate:
    number = _number(test.more_than, derived)

    def changes(one: Any, moment: Moment) -> bool:
        within_ms = _length(test.within_ms, moment)
        past = moment.memory.since(one.uid, test.field, moment.now_ms - within_ms)
        if past:
            moment.may_change_at(past[0].at_ms + within_ms)
        than = number(one, moment)
        return than is not None and len(past) > than

    return changes


def _rises(test: Rises, derived: Derived) -> Predicate:
    get, number = getter(test.field, derived), _number(test.by, derived)

    def rises(one: Any, moment: Moment) -> bool:
        within_ms = _length(test.within_ms, moment)
        past = moment.memory.since(one.uid, test.field, moment.now_ms - within_ms)
        value, by = get(one), number(one, moment)
        if not past or value is None or by is None or past[0].before is None:
            return False
        moment.may_change_at(past[0].at_ms + within_ms)
        return bool(value - past[0].before >= by)

    return rises


def _any_of(test: AnyOf, derived: Derived) -> Predicate:
    return any_compiled(test.tests, derived)


def _all_of(test: AllOf, derived: Derived) -> Predicate:
    return compiled(test.tests, derived)


def _not(test: Not, derived: Derived) -> Predicate:
    inner = _predicate(test.test, derived)
    return lambda one, moment: not inner(one, moment)


def _held(test: Held, derived: Derived) -> Predicate:
    inner, what = compiled(test.tests, derived), next(_serial)

    def held(one: Any, moment: Moment) -> bool:
        if inner(one, moment):
            moment.memory.holds(one.uid, what)
            return True
        ended_ms = moment.memory.held_until_ms(one.uid, what, moment.now_ms)
        if ended_ms is None:
            return False
        turns_ms = ended_ms + _length(test.within_ms, moment)
        moment.may_change_at(turns_ms)
        return moment.now_ms < turns_ms

    return held


def _some(test: Some, derived: Derived) -> Predicate:
    get, inner = getter(test.field, derived), compiled(test.tests, {})
    return lambda one, moment: any(inner(element, moment) for element in get(one) or ())


_serial = count()

_MAKERS: dict[type, Callable[[Any, Derived], Predicate]] = {
    Among: _among, StartsWith: _starts_with, Compared: _compared, Aged: _aged, Nears: _nears,
    Unchanged: _unchanged, Changes: _changes, Rises: _rises, AnyOf: _any_of, AllOf: _all_of, Not: _not,
    Held: _held, Some: _some,
}  # fmt: skip
