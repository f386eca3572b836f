"""Which rules' conditions hold for which subjects of one cluster, kept up to date change by change. Pure.

Most changes are of healthy objects that stay healthy: those cost about a microsecond, since rules that ask
for trouble are not even asked. What may change by time alone has its moment in a heap.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from clusters.mirror.line import LIVE, SYNCING, Line
from clusters.mirror.mirror import Mirror
from clusters.state.resource import HEALTHY, Resource
from metrics.alerts.checks import Check, KindChecks, check_of, checks_of, limits_with, match_of, params_of
from metrics.alerts.conditions import look_back_ms
from metrics.alerts.effective import Terms
from metrics.alerts.fields import CLUSTER
from metrics.alerts.predicates import Derived, Moment
from metrics.alerts.remembering import Memory
from metrics.alerts.rules import PORTAL, Rule
from metrics.alerts.values import AlertKey, Match, Seen, Subject
from metrics.alerts.whole import Capacity, Whole, whole

FORGET_MS = 60_000
WHOLE = Subject(CLUSTER)

TermsOf = Callable[[str, str], Terms | None]
"""What holds for a rule in a namespace; `effective.ClusterTerms.of` is one."""


class _Kept(NamedTuple):
    """An object that some rule holds for, or that time alone may change the answer of."""

    resource: Resource
    keys: tuple[AlertKey, ...]
    due_ms: int | None


class Matching:
    """What the rules find in one cluster. One task at a time may call it; the clock is the caller's."""

    def __init__(self, rules: Mapping[str, Rule], terms: TermsOf) -> None:
        self.changes = 0
        """Rises whenever anything that is found begins, becomes another or is over."""
        self.capacity = Capacity()
        self._terms = terms
        self._limits: dict[int, tuple[Terms, dict[str, float] | None]] = {}
        self._pods_on: dict[str, int] = {}
        self._nodes: dict[str, Resource] = {}
        self._crowds: set[str] = set()
        """Nodes whose number of pods is another than when they were last judged."""
        self._kinds = self._made(rules)
        self._of_the_whole = tuple(
            check_of(rule, {}) for rule in rules.values() if rule.about == CLUSTER and not rule.is_off
        )
        self._memory = Memory()
        for rule in rules.values():
            self._look_back(rule, rule.limits)
        self._matches: dict[AlertKey, Match] = {}
        self._owners: dict[AlertKey, str] = {}
        self._kept: dict[str, _Kept] = {}
        self._due: list[tuple[int, str]] = []
        self._whole_due_ms: int | None = None
        self._forgot_at_ms = 0

    def replace(self, old: Resource | None, new: Resource | None, now_ms: int) -> None:
        """Take in one object that has changed, come (old is None) or gone (new is None)."""
        one = old if new is None else new
        if one is None:
            return
        if one.kind in _COUNTED:
            self._count(old, new, is_node=one.kind == "Node")
        kind = self._kinds.get(one.kind)
        if kind is None:
            return
        if new is None:
            self._drop(one.uid)
            return
        if old is not None:
            self._note_changes(old, new, kind.remembered, now_ms)
        self._judge_as_needed(new, kind, now_ms)

    def change_terms(self, terms: TermsOf, resources: Iterable[Resource], now_ms: int) -> None:
        """Take over other terms, and judge all objects anew. What is remembered of them stays."""
        self._terms = terms
        self._limits.clear()
        for one in resources:
            kind = self._kinds.get(one.kind)
            if kind is not None:
                self._judge_as_needed(one, kind, now_ms)

    def shift(self, by_ms: int, now_ms: int) -> None:
        """The machine's clock was set by so much, forward or (negative) back."""
        self._memory.shift(by_ms)
        self._forgot_at_ms = now_ms
        for kept in list(self._kept.values()):
            self._judge(kept.resource, self._kinds[kept.resource.kind].checks, now_ms)

    @property
    def next_due_ms(self) -> int | None:
        """When time alone may change what is found; `seen` then takes it in."""
        while self._due:
            due_ms, uid = self._due[0]
            kept = self._kept.get(uid)
            if kept is not None and kept.due_ms == due_ms:
                break
            heapq.heappop(self._due)
        soonest = [at_ms for at_ms in (self._due[0][0] if self._due else None, self._whole_due_ms) if at_ms]
        return min(soonest, default=None)

    def seen(
        self, now_ms: int, *, line: Line, mirror: Mirror, credential_expires_at_ms: int | None = None
    ) -> Seen:
        """What is found now. The mapping in it goes on changing: judge it at once."""
        self._advance(now_ms)
        if now_ms - self._forgot_at_ms >= FORGET_MS:
            self._memory.forget(now_ms)
            self._forgot_at_ms = now_ms
        state = whole(line, mirror, self.capacity, credential_expires_at_ms=credential_expires_at_ms)
        is_readable = line.state in (LIVE, SYNCING)
        blind = self._blind_rules(mirror, state)
        self._judge_whole(state, now_ms, blind=blind, is_readable=is_readable)
        return Seen(matches=self._matches, is_readable=is_readable, blind_rules=blind)

    def _made(self, rules: Mapping[str, Rule]) -> dict[str, KindChecks]:
        derived: dict[str, Derived] = {
            "Node": {"pods_running": lambda node: self._pods_on.get(node.name, 0)},
        }
        by_kind: dict[str, list[Check]] = {}
        for rule in rules.values():
            if rule.about not in (CLUSTER, PORTAL) and not rule.is_off:
                by_kind.setdefault(rule.about, []).append(check_of(rule, derived.get(rule.about, {})))
        return {kind: checks_of(checks) for kind, checks in by_kind.items()}

    def _note_changes(self, old: Resource, new: Resource, fields: tuple[str, ...], now_ms: int) -> None:
        for field in fields:
            before = getattr(old, field, None)
            if before != getattr(new, field, None):
                self._memory.changed(new.uid, field, before=before, now_ms=now_ms)

    def _count(self, old: Resource | None, new: Resource | None, *, is_node: bool) -> None:
        if is_node:
            self._count_node(old, new)
        else:
            self._count_pod(old, new)

    def _count_pod(self, old: Resource | None, new: Resource | None) -> None:
        before = "" if old is None or getattr(old, "is_finished", False) else old.node
        after = "" if new is None or getattr(new, "is_finished", False) else new.node
        if before == after:
            return
        for node, sign in ((before, -1), (after, 1)):
            if node:
                self._crowds.add(node)
                count = self._pods_on.get(node, 0) + sign
                if count:
                    self._pods_on[node] = count
                else:
                    self._pods_on.pop(node, None)

    def _count_node(self, old: Resource | None, new: Resource | None) -> None:
        self.capacity.replace(old, new)
        if new is not None:
            self._nodes[new.name] = new
        elif old is not None and self._nodes.get(old.name, old).uid == old.uid:
            self._nodes.pop(old.name, None)

    def _advance(self, now_ms: int) -> None:
        """Judge anew what time, or the number of its pods, may have changed."""
        while self._due and self._due[0][0] <= now_ms:
            due_ms, uid = heapq.heappop(self._due)
            kept = self._kept.get(uid)
            if kept is not None and kept.due_ms == due_ms:
                self._judge(kept.resource, self._kinds[kept.resource.kind].checks, now_ms)
        crowds, self._crowds = self._crowds, set()
        for name in crowds:
            node = self._nodes.get(name)
            if node is not None and "Node" in self._kinds:
                self._judge(node, self._kinds["Node"].checks, now_ms)

    def _judge_as_needed(self, one: Resource, kind: KindChecks, now_ms: int) -> None:
        """Of an object that is well, and of which nothing is kept, most rules need not be asked."""
        is_quiet = one.health == HEALTHY and not one.reason and one.uid not in self._kept
        checks = kind.when_quiet if is_quiet else kind.checks
        if checks:
            self._judge(one, checks, now_ms)

    def _judge(self, one: Resource, checks: tuple[Check, ...], now_ms: int) -> None:
        moment = Moment(now_ms, _NO_LIMITS, self._memory)
        found: list[Match] = []
        for check in checks:
            limits = self._limits_of(check.rule, one.namespace)
            if limits is None:
                continue
            moment.limits = limits
            if check.holds(one, moment) and not (check.is_excluded and check.is_excluded(one, moment)):
                found.append(match_of(check, one, limits))
        self._settle(one, found, moment.due_ms)

    def _settle(self, one: Resource, found: list[Match], due_ms: int | None) -> None:
        uid = one.uid
        kept = self._kept.get(uid)
        keys = tuple(match.key for match in found)
        if kept is not None:
            self._remove([key for key in kept.keys if key not in keys], uid)
        for match in found:
            self._owners[match.key] = uid
            if self._matches.get(match.key) != match:
                self._matches[match.key] = match
                self.changes += 1
        if not keys and due_ms is None and not self._memory.has_held(uid):
            self._kept.pop(uid, None)
            return
        self._kept[uid] = _Kept(one, keys, due_ms)
        if due_ms is not None and (kept is None or kept.due_ms != due_ms):
            heapq.heappush(self._due, (due_ms, uid))

    def _remove(self, keys: Iterable[AlertKey], uid: str) -> None:
        """What no longer holds goes; what another object of the same name has taken over stays."""
        for key in keys:
            if self._owners.get(key) == uid:
                del self._owners[key]
                del self._matches[key]
                self.changes += 1

    def _drop(self, uid: str) -> None:
        self._memory.drop(uid)
        kept = self._kept.pop(uid, None)
        if kept is not None:
            self._remove(kept.keys, uid)

    def _limits_of(self, rule: Rule, namespace: str) -> dict[str, float] | None:
        """The limits of a rule in a namespace; None where it is off."""
        terms = self._terms(rule.id, namespace)
        if terms is None:
            return None
        known = self._limits.get(id(terms))
        if known is None:
            limits = None if terms.is_off else limits_with(rule.limits, terms.limits)
            known = self._limits[id(terms)] = (terms, limits)
            self._look_back(rule, limits or rule.limits)
        return known[1]

    def _look_back(self, rule: Rule, limits: Mapping[str, float]) -> None:
        """Keep the past for as long as the rule asks about it."""
        length_ms = look_back_ms((*rule.when, *rule.unless), limits)
        self._memory.look_back_ms = max(self._memory.look_back_ms, length_ms)

    def _blind_rules(self, mirror: Mirror, state: Whole) -> frozenset[str]:
        live = {kind for kind, how in mirror.kinds.items() if how.state == "live"}
        blind = {
            check.rule.id
            for kind in self._kinds.values()
            for check in kind.checks
            if not check.rule.needs <= live
        }
        for check in self._of_the_whole:
            if not check.rule.needs <= live or any(getattr(state, field) is None for field in check.asks):
                blind.add(check.rule.id)
        return frozenset(blind)

    def _judge_whole(self, state: Whole, now_ms: int, *, blind: frozenset[str], is_readable: bool) -> None:
        """The rules about the cluster itself; those that cannot be judged keep what was found."""
        moment = Moment(now_ms, _NO_LIMITS, self._memory)
        for check in self._of_the_whole:
            rule = check.rule
            limits = self._limits_of(rule, "")
            if limits is None:
                self._put(AlertKey(rule.id, WHOLE), None)
                continue
            if rule.id in blind or (rule.reads_cluster and not is_readable):
                continue
            moment.limits = limits
            holds = check.holds(state, moment) and not (
                check.is_excluded and check.is_excluded(state, moment)
            )
            key = AlertKey(rule.id, WHOLE)
            self._put(key, Match(key=key, params=params_of(check, state, limits)) if holds else None)
        self._whole_due_ms = moment.due_ms

    def _put(self, key: AlertKey, match: Match | None) -> None:
        if self._matches.get(key) == match:
            return
        self.changes += 1
        if match is None:
            del self._matches[key]
        else:
            self._matches[key] = match


_COUNTED = frozenset({"Pod", "Node"})
_NO_LIMITS: dict[str, float] = {}
