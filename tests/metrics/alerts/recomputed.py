"""What rules find, worked out from the whole past each time: slow, plain, and what Matching has to equal."""

from itertools import pairwise
from typing import Any

from clusters.state.resource import Resource
from metrics.alerts import conditions as words
from metrics.alerts.rules import Rule
from metrics.alerts.values import AlertKey, Subject

Found = dict[AlertKey, dict[str, Any]]


class Past:
    """Everything that was ever said of each object, and when."""

    def __init__(self, rules: dict[str, Rule]) -> None:
        self.rules = rules
        self.log: dict[str, list[tuple[int, Resource]]] = {}

    def put(self, one: Resource, now_ms: int) -> None:
        """An object is now so."""
        self.log.setdefault(one.uid, []).append((now_ms, one))

    def remove(self, uid: str) -> None:
        """An object is gone, and with it its past."""
        del self.log[uid]

    def now(self) -> list[Resource]:
        """All objects as they are."""
        return [said[-1][1] for said in self.log.values()]

    def found(self, now_ms: int) -> Found:
        """What the rules about objects find, with what they tell."""
        found: Found = {}
        for rule in self.rules.values():
            if rule.is_off:
                continue
            for one in self.now():
                if one.kind == rule.about and self._finds(rule, one, now_ms):
                    key = AlertKey(rule.id, Subject(one.kind, one.namespace, one.name))
                    found[key] = {name: self._tells(rule, one, name) for name in rule.params}
        return found

    def _tells(self, rule: Rule, one: Resource, name: str) -> Any:
        return rule.limits[name] if name in rule.limits else self._value(one, name)

    def _finds(self, rule: Rule, one: Resource, now_ms: int) -> bool:
        holds = [self._holds(test, one, one.uid, rule.limits, now_ms) for test in rule.when]
        excluded = [self._holds(test, one, one.uid, rule.limits, now_ms) for test in rule.unless]
        return all(holds) and not any(excluded)

    def _value(self, one: Any, path: str) -> Any:
        if path == "pods_running":
            on = [pod for pod in self.now() if pod.kind == "Pod" and pod.node == one.name]
            return sum(not pod.is_finished for pod in on)
        for part in path.split("."):
            one = getattr(one, part, None)
        return one

    def _holds(self, test: Any, one: Any, uid: str, limits: dict[str, float], now_ms: int) -> bool:  # noqa: C901
        def number(operand: words.Operand) -> float | None:
            other = self._value(one, operand.field) if operand.field else None
            return words.operand_value(operand, limits, other)

        def holds(inner: Any, of: Any = one) -> bool:
            return self._holds(inner, of, uid, limits, now_ms)

        value = self._value(one, test.field) if hasattr(test, "field") else None
        match test:
            case words.Among():
                return value in test.values
            case words.StartsWith():
                return value is not None and any(value.startswith(start) for start in test.starts)
            case words.Compared():
                than = number(test.than)
                if value is None or than is None:
                    return False
                return value > than if test.is_more else value < than
            case words.Aged():
                return value is not None and (now_ms - value >= number(test.than_ms)) is test.is_older
            case words.Nears():
                return value is not None and value - now_ms <= number(test.by_ms)
            case words.Unchanged():
                return all(now_ms - at_ms >= number(test.for_ms) for at_ms, _ in self._turns(uid, test.field))
            case words.Changes():
                return len(self._lately(uid, test, now_ms, number(test.within_ms))) > number(test.more_than)
            case words.Rises():
                lately = self._lately(uid, test, now_ms, number(test.within_ms))
                return bool(lately) and value - lately[0][1] >= number(test.by)
            case words.Held():
                said = self.log[uid]
                ends = [at_ms for at_ms, _ in said[1:]]
                over = [
                    now_ms - end_ms < number(test.within_ms) and all(holds(each, was) for each in test.tests)
                    for (_, was), end_ms in zip(said, ends, strict=False)
                ]
                return any(over) or all(holds(each) for each in test.tests)
            case words.Some():
                return any(all(holds(each, part) for each in test.tests) for part in value or ())
            case words.AnyOf():
                return any(holds(each) for each in test.tests)
            case words.AllOf():
                return all(holds(each) for each in test.tests)
            case words.Not():
                return not holds(test.test)
        raise AssertionError(test)

    def _turns(self, uid: str, field: str) -> list[tuple[int, Any]]:
        """When the field became another, and what it was before."""
        said = self.log[uid]
        return [
            (at_ms, getattr(was, field))
            for (_, was), (at_ms, one) in pairwise(said)
            if getattr(was, field) != getattr(one, field)
        ]

    def _lately(self, uid: str, test: Any, now_ms: int, within_ms: float) -> list[tuple[int, Any]]:
        return [turn for turn in self._turns(uid, test.field) if now_ms - turn[0] < within_ms]
