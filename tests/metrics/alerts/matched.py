"""Builders of what rules are asked about: one cluster in a mirror with a matching that follows it."""

from collections.abc import Iterable
from typing import Any

from clusters.kinds import all_kinds
from clusters.mirror.line import LIVE, Line
from clusters.mirror.mirror import Mirror
from clusters.state.resource import Resource
from clusters.state.summary import KindState
from metrics.alerts.effective import ClusterTerms, Place, Setting
from metrics.alerts.matching import Matching
from metrics.alerts.rules import default_terms, rulebook
from metrics.alerts.values import AlertKey, Match, Seen, Subject
from tests.clusters.kinds.objects import NOW_MS


class Watched:
    """One cluster that is read and whose rules are followed; the clock is its own."""

    def __init__(self, *settings: Setting, rules: Any = None) -> None:
        self.now_ms = NOW_MS
        self.rules = rulebook() if rules is None else rules
        self.mirror = Mirror()
        self.mirror.kinds = {kind.name: KindState("live") for kind in all_kinds()}
        self.mirror.usage_state = KindState("live")
        self.line = Line(state=LIVE)
        self.credential_expires_at_ms: int | None = None
        self.matching = Matching(self.rules, self.terms(*settings))

    def terms(self, *settings: Setting) -> Any:
        """What holds with these settings."""
        return ClusterTerms(default_terms(self.rules), settings, Place(cluster_id=1)).of

    def put(self, *resources: Resource) -> "Watched":
        """These objects are now so."""
        for one in resources:
            old = self.mirror.objects(one.kind).get(one.uid)
            self.mirror.put(one, self.now_ms)
            self.matching.replace(old, self.mirror.objects(one.kind)[one.uid], self.now_ms)
        return self

    def remove(self, one: Resource) -> None:
        """This object is gone."""
        old = self.mirror.objects(one.kind)[one.uid]
        self.mirror.remove(one.kind, one.uid)
        self.matching.replace(old, None, self.now_ms)

    def after(self, minutes: float) -> "Watched":
        """So many minutes later. The mirror's own verdicts turn with time, as they do for a reader."""
        self.now_ms += round(minutes * 60_000)
        before = {one.uid: one for one in self.mirror.everything()}
        for change in self.mirror.turn(self.now_ms):
            self.matching.replace(before[change.uid], change.resource, self.now_ms)
        return self

    def seen(self) -> Seen:
        """What is found now."""
        return self.matching.seen(
            self.now_ms,
            line=self.line,
            mirror=self.mirror,
            credential_expires_at_ms=self.credential_expires_at_ms,
        )

    def found(self, rule: str) -> list[str]:
        """The names of what one rule finds now."""
        return sorted(key.subject.name for key in self.seen().matches if key.rule == rule)

    def match(self, rule: str) -> Match:
        """The one thing that a rule finds now."""
        [match] = [match for key, match in self.seen().matches.items() if key.rule == rule]
        return match


def rules_that_find(*resources: Resource, others: Iterable[Resource] = ()) -> set[str]:
    """The rules that find any of these objects as they are, in a cluster that has these others too."""
    watched = Watched().put(*others, *resources)
    about = {Subject(one.kind, one.namespace, one.name) for one in resources}
    return {key.rule for key in watched.seen().matches if key.subject in about}


def key(rule: str, kind: str = "Cluster", namespace: str = "", name: str = "") -> AlertKey:
    """The key of one alert."""
    return AlertKey(rule, Subject(kind, namespace, name))
