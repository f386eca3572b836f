"""What one window holds of its cluster's alerts: which conditions hold, and what was made of them last.

After a line or a watch is taken up again, what happened meanwhile has yet to be told, and what a restored
picture shows may be long over. So a cluster counts as readable, and a kind as seen, only when it has been
so for SETTLE_MS.
"""

from collections.abc import Iterable, Mapping

import msgspec

from clusters.mirror.line import LIVE, SYNCING, Line
from clusters.mirror.mirror import Mirror
from clusters.state.resource import Resource
from metrics.alerts.conditions import Changes, Held, Rises, look_back_ms, walked
from metrics.alerts.effective import ClusterTerms
from metrics.alerts.evaluate import ClusterAlerts
from metrics.alerts.matching import Matching
from metrics.alerts.rules import Rule
from metrics.alerts.values import Seen

SETTLE_MS = 3_000


class Alerting:
    """One cluster's conditions and alerts. Lives on the loop."""

    def __init__(
        self,
        rules: Mapping[str, Rule],
        terms: ClusterTerms,
        alerts: ClusterAlerts,
        *,
        credential_expires_at_ms: int | None = None,
    ) -> None:
        self.terms = terms
        self.alerts = alerts
        self.news = 0
        """Counts what is new of the line and of how kinds go."""
        self._rules = rules
        self._matching = Matching(rules, terms.of)
        self._credential_expires_at_ms = credential_expires_at_ms
        self._judged: tuple[int, int] | None = None
        self._due_ms: int | None = None
        self._is_waiting = True
        """Nobody can say yet how the cluster is: that is looked at in each round."""
        self._readable = _Settling()
        self._kinds: dict[str, _Settling] = {}
        self._look_back_ms = _look_back_ms(rules)
        self._since_ms: int | None = None

    @property
    def place(self) -> tuple[int, int]:
        """Another one whenever there may be something to judge."""
        return self._matching.changes, self.news

    def replace(self, old: Resource | None, new: Resource | None, now_ms: int) -> None:
        """One object was like `old` and is like `new`."""
        self._matching.replace(old, new, now_ms)

    def change_terms(self, terms: ClusterTerms, resources: Iterable[Resource], now_ms: int) -> None:
        """Other limits, or rules on and off: everything is looked at anew."""
        self.terms = terms
        self._matching.change_terms(terms.of, resources, now_ms)
        self.news += 1

    def shift(self, by_ms: int, now_ms: int) -> None:
        """The machine's clock was set by so much."""
        self._matching.shift(by_ms, now_ms)

    def is_due(self, now_ms: int) -> bool:
        """Whether there is anything to judge before the next slot."""
        if self._is_waiting or self.place != self._judged:
            return True
        return any(due is not None and due <= now_ms for due in (self._due_ms, self._matching.next_due_ms))

    def seen(self, now_ms: int, *, line: Line, mirror: Mirror, is_well: bool) -> Seen | None:
        """What can be said of the cluster now; None while that is about to be known, and all stays as it was.

        The mapping in it goes on changing: judge it at once.
        """
        may_be_read = line.state in (LIVE, SYNCING)
        is_settled = self._readable.is_settled(now_ms, holds=is_well and may_be_read)
        unsettled = self._unsettled_kinds(mirror, now_ms)
        seen = self._matching.seen(
            now_ms, line=line, mirror=mirror, credential_expires_at_ms=self._credential_expires_at_ms
        )
        self._is_waiting = may_be_read and not is_settled
        if self._is_waiting:
            return None
        blind = seen.blind_rules
        if unsettled:
            blind |= {rule.id for rule in self._rules.values() if not unsettled.isdisjoint(rule.needs)}
        young = self._young_rules(now_ms)
        return msgspec.structs.replace(seen, is_readable=may_be_read, blind_rules=blind, young_rules=young)

    def judged(self, alerts: ClusterAlerts, *, due_ms: int | None, place: tuple[int, int]) -> None:
        """The alerts as they are stored now, and what had happened when they were judged."""
        self.alerts = alerts
        self._judged = place
        settling = [one.settles_at_ms for one in (self._readable, *self._kinds.values())]
        self._due_ms = min((at_ms for at_ms in (due_ms, *settling) if at_ms is not None), default=None)

    def _young_rules(self, now_ms: int) -> frozenset[str]:
        """Rules that look back to before this window began: what was then is not known."""
        if self._since_ms is None or now_ms < self._since_ms:
            self._since_ms = now_ms
        known_ms = now_ms - self._since_ms
        young = [rule for rule, look_back_ms in self._look_back_ms.items() if look_back_ms > known_ms]
        return frozenset(young)

    def _unsettled_kinds(self, mirror: Mirror, now_ms: int) -> set[str]:
        """Kinds whose watch was taken up again only now."""
        unsettled: set[str] = set()
        for kind, how in mirror.kinds.items():
            settling = self._kinds.get(kind)
            if settling is None:
                settling = self._kinds[kind] = _Settling()
            is_live = how.state == LIVE
            if not settling.is_settled(now_ms, holds=is_live) and is_live:
                unsettled.add(kind)
        return unsettled


def _look_back_ms(rules: Mapping[str, Rule]) -> dict[str, float]:
    """How far back rules look that find nothing where they know nothing of the past."""
    found: dict[str, float] = {}
    for rule in rules.values():
        tests = [one for test in rule.when for one in walked(test) if isinstance(one, Changes | Rises | Held)]
        if tests:
            found[rule.id] = look_back_ms(tests, rule.limits)
    return found


class _Settling:
    """Whether something has been so for long enough. A clock that was set back begins anew."""

    def __init__(self) -> None:
        self.settles_at_ms: int | None = None
        """When it will be; None where it is, or is not so."""
        self._since_ms: int | None = None

    def is_settled(self, now_ms: int, *, holds: bool) -> bool:
        if not holds:
            self._since_ms = self.settles_at_ms = None
            return False
        if self._since_ms is None or self._since_ms > now_ms:
            self._since_ms = now_ms
        settled_at_ms = self._since_ms + SETTLE_MS
        self.settles_at_ms = settled_at_ms if now_ms < settled_at_ms else None
        return self.settles_at_ms is None
