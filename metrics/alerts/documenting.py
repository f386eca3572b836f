"""The rulebook as a page shows it: every rule in a table, its condition in words. Pure."""

from collections.abc import Iterable, Mapping

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
)
from metrics.alerts.rules import PORTAL, Rule

BEGIN = "<!-- The rulebook, as manage.py print_rulebook prints it. -->"
END = "<!-- The end of the rulebook. -->"
_HEAD = """| Rule | Of | Severity | When | For |
| --- | --- | --- | --- | --- |"""


def rulebook_table(rules: Iterable[Rule]) -> str:
    """All rules, those of kubernetes-mixin first, those that are off last."""
    ordered = sorted(rules, key=lambda rule: (rule.is_off, rule.source, rule.about, rule.id))
    return "\n".join([BEGIN, _HEAD, *map(_row, ordered), END])


def condition_words(rule: Rule) -> str:
    """When a rule holds, in words."""
    if rule.about == PORTAL:
        return "raised by the portal itself"
    words = _joined(rule.when, " and ", rule.limits)
    if rule.unless:
        words += "; not where " + _joined(rule.unless, " or ", rule.limits)
    return f"off: {rule.off_reason} Else: {words}" if rule.is_off else words


def _row(rule: Rule) -> str:
    name = f"{rule.name}<br>`{rule.id}`"
    for_words = "at once" if not rule.for_ms else _time(rule.for_ms)
    if rule.keep_firing_for_ms:
        for_words += f", kept {_time(rule.keep_firing_for_ms)}"
    cells = (name, rule.about, rule.severity, condition_words(rule), for_words)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _joined(tests: Iterable[Test], by: str, limits: Mapping[str, float]) -> str:
    return by.join(_words(test, limits) for test in tests)


def _words(test: Test, limits: Mapping[str, float]) -> str:
    match test:
        case AnyOf(tests=tests):
            return f"({_joined(tests, ' or ', limits)})"
        case AllOf(tests=tests):
            return f"({_joined(tests, ' and ', limits)})"
        case Held(tests=tests, within_ms=within):
            return f"({_joined(tests, ' and ', limits)}) at any time in the last {_length(within, limits)}"
        case Some(field=field, tests=tests):
            return f"one of {_name(field)} has {_joined(tests, ' and ', limits)}"
    return _of_value(test, limits)


def _of_value(test: Test, limits: Mapping[str, float]) -> str:
    match test:
        case Among(field=field, values=values):
            return f"{_name(field)} is {_one_of(values)}"
        case Not(test=Among(field=field, values=values)):
            return f"{_name(field)} is not {_one_of(values)}"
        case Not(test=inner):
            return f"not ({_words(inner, limits)})"
        case StartsWith(field=field, starts=starts):
            return f"{_name(field)} starts with {_one_of(starts)}"
        case Compared(field=field, is_more=is_more, than=than):
            return f"{_name(field)} {'>' if is_more else '<'} {_number(than, limits)}"
    return _of_time(test, limits)


def _of_time(test: Test, limits: Mapping[str, float]) -> str:
    match test:
        case Aged(field=field, is_older=is_older, than_ms=than):
            return f"{_name(field)} is {'more' if is_older else 'less'} than {_length(than, limits)} ago"
        case Nears(field=field, by_ms=by):
            return f"{_name(field)} is less than {_length(by, limits)} ahead"
        case Unchanged(field=field, for_ms=for_):
            return f"{_name(field)} has not changed for {_length(for_, limits)}"
        case Changes(field=field, more_than=than, within_ms=within):
            more = _number(than, limits)
            return f"{_name(field)} changed more than {more} times in {_length(within, limits)}"
        case Rises(field=field, by=by, within_ms=within):
            return f"{_name(field)} rose by {_number(by, limits)} or more in {_length(within, limits)}"
    raise TypeError(f"{type(test).__name__} has no words.")


def _name(field: str) -> str:
    return f"`{field.removesuffix('_ms')}`"


def _one_of(values: Iterable[object]) -> str:
    return " or ".join(sorted(_said(value) for value in values))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value) or "empty"


def _number(operand: Operand, limits: Mapping[str, float]) -> str:
    if operand.percent:
        return f"{limits[operand.percent]:g} % of {_name(operand.field)}"
    if operand.field:
        return _name(operand.field)
    return f"{limits[operand.limit] if operand.limit else operand.number:g}"


def _length(operand: Operand, limits: Mapping[str, float]) -> str:
    return _time(limits[operand.limit] * operand.factor if operand.limit else operand.number)


def _time(length_ms: float) -> str:
    """A length of time in the largest unit that it is a whole number of."""
    seconds = round(length_ms / 1000)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
