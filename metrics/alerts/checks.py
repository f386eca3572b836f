"""The rules of one kind, ready to be asked, and what is told of what they find. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from clusters.state.resource import Resource
from metrics.alerts.conditions import Changes, Rises, Unchanged, fields_named, walked
from metrics.alerts.predicates import Derived, Predicate, any_compiled, compiled, getter, may_hold_when_quiet
from metrics.alerts.rules import Rule
from metrics.alerts.values import AlertKey, Match, Subject, Value
from metrics.alerts.whole import NEVER_UNKNOWN

LONGEST_PARAM = 300

_WITH_OWNER = frozenset({"Pod", "Job", "ReplicaSet"})
"""Kinds that are found under the workload that made them; others are workloads themselves."""


class Check(NamedTuple):
    """One rule, ready to be asked."""

    rule: Rule
    holds: Predicate
    is_excluded: Predicate | None
    tells: tuple[tuple[str, Callable[[Any], Any]], ...]
    asks: frozenset[str]


class KindChecks(NamedTuple):
    """What is asked of the objects of one kind."""

    checks: tuple[Check, ...]
    when_quiet: tuple[Check, ...]
    """Those that may hold even for an object that is healthy and gives no reason for anything."""
    remembered: tuple[str, ...]
    """The fields whose changes are kept."""


def check_of(rule: Rule, derived: Derived) -> Check:
    """One rule made ready; `derived` are the fields of its kind that other objects decide."""
    return Check(
        rule=rule,
        holds=compiled(rule.when, derived),
        is_excluded=any_compiled(rule.unless, derived) if rule.unless else None,
        tells=tuple((name, getter(name, derived)) for name in sorted(rule.params - rule.limits.keys())),
        asks=fields_named((*rule.when, *rule.unless)) - NEVER_UNKNOWN,
    )


def checks_of(checks: list[Check]) -> KindChecks:
    """All rules about one kind."""
    tests = [
        one for check in checks for test in (*check.rule.when, *check.rule.unless) for one in walked(test)
    ]
    return KindChecks(
        checks=tuple(checks),
        when_quiet=tuple(check for check in checks if may_hold_when_quiet(check.rule.when)),
        remembered=tuple(
            sorted({one.field for one in tests if isinstance(one, Unchanged | Changes | Rises)})
        ),
    )


def limits_with(own: Mapping[str, float], given: Mapping[str, float | int | str]) -> dict[str, float]:
    """The rule's limits with what was set of them; what is no number changes nothing."""
    return {
        name: float(value) if isinstance(value := given.get(name), int | float) else default
        for name, default in own.items()
    }


def match_of(check: Check, one: Resource, limits: Mapping[str, float]) -> Match:
    """What a rule has found."""
    container = getattr(one, "container", None)
    return Match(
        key=AlertKey(check.rule.id, Subject(one.kind, one.namespace, one.name)),
        node=one.name if one.kind == "Node" else one.node,
        workload=one.workload if one.kind in _WITH_OWNER else "",
        image=getattr(container, "image", ""),
        params=params_of(check, one, limits),
    )


def params_of(check: Check, one: Any, limits: Mapping[str, float]) -> dict[str, Value]:
    """What its texts tell of it."""
    params: dict[str, Value] = {name: _short(name, get(one)) for name, get in check.tells}
    for name in check.rule.params & limits.keys():
        params[name] = limits[name]
    return params


def _short(name: str, value: Any) -> Value:
    """Fit to be kept. Amounts are told in three digits: what is behind them is no news."""
    if isinstance(value, str):
        return value[:LONGEST_PARAM]
    if value and name.endswith(("_cores", "_bytes")):
        return float(f"{value:.3g}")
    return value if value is None or isinstance(value, int | float) else str(value)[:LONGEST_PARAM]
