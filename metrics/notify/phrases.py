"""The words of a message: its title, its sentence, its places and its lines. Pure.

The title alone must do: it is what a phone shows of a message before it is opened.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from metrics.notify import message as tells
from metrics.notify.facts import GroupFacts, Letterhead, MemberFacts, RuleWords, Told
from metrics.notify.message import LONGEST_TITLE
from metrics.notify.moments import clock, span
from metrics.notify.texts import clipped, length, one_line

LONGEST_NAME = 200
_LONGEST_SENTENCE = 1_500
_LONGEST_PLACE = 50
"""Of a title: a place may not push out what is the matter there."""
_SENTENCE_END = re.compile(r"(?<=[^\W\d])\. (?=[^\W\d_])")
MINUTE_MS = 60_000
_MOST_CLUSTERS = 5
_MOST_SUBJECTS = 3
_MOST_OTHER_RULES = 3


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is told: in which state, of which alerts (the leading one first), to whom that knows what."""

    state: str
    about: Sequence[MemberFacts]
    group: GroupFacts
    rules: Mapping[str, RuleWords]
    before: Told | None
    head: Letterhead
    now_ms: int

    @cached_property
    def words(self) -> RuleWords:
        """What the rule of the leading alert says."""
        return _words_of(self.about[0].rule, self.rules)

    @cached_property
    def said(self) -> str:
        """The rule's sentence, of all alerts of that rule."""
        leading = self.about[0]
        count = sum(1 for member in self.about if member.rule == leading.rule)
        said = one_line(self.words.sentence(leading.params, count)).rstrip(". ")
        return said or one_line(self.words.name)

    @property
    def since_ms(self) -> int:
        """When the oldest began."""
        return min(member.since_ms for member in self.about)

    @property
    def until_ms(self) -> int:
        """When the last ended."""
        return max(member.resolved_at_ms or 0 for member in self.about) or self.now_ms

    def clock(self, at_ms: int) -> str:
        """A moment in the zone of the portal."""
        return clock(at_ms, zone=self.head.time_zone, beside_ms=self.now_ms)


def _words_of(rule: str, rules: Mapping[str, RuleWords]) -> RuleWords:
    """A rule that is not ours says itself what is wrong, of one alert; of more only its name is sure."""
    return rules.get(rule) or RuleWords(
        name=rule,
        sentence=lambda params, count: (
            str(params.get("sentence") or rule) if count == 1 else f"{rule}: {count} alerts"
        ),
    )


def title(case: Case) -> str:
    """One line: how bad, what, how many, where; what is the matter is cut first."""
    opening = _opening(case)
    place = _place(case)
    closing = f" · {place}" if place and place not in case.said else ""
    room = LONGEST_TITLE - length(opening) - length(closing) - 2
    return f"{opening}: {clipped(_first_clause(case.said), room)}{closing}"


def _opening(case: Case) -> str:
    severity = case.about[0].severity
    lasted = span(case.until_ms - case.since_ms)
    if case.state == tells.RESOLVED:
        return f"Resolved after {lasted}"
    if case.state == tells.FIRED_AND_RESOLVED:
        return f"{severity.capitalize()}, fired and resolved within {lasted}"
    if case.state == tells.UNKNOWN:
        return f"Cannot be read, last known {severity}"
    if case.state == tells.UPDATE and case.before is not None:
        return f"Still {severity}" if case.before.severity == severity else f"Now {severity}"
    return severity.capitalize()


def _first_clause(text: str) -> str:
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def _place(case: Case) -> str:
    clusters = _clusters(case)
    named = ", ".join(clusters)
    return named if length(named) <= _LONGEST_PLACE else _many_clusters(clusters)


def _many_clusters(clusters: Sequence[str]) -> str:
    return clipped(clusters[0], _LONGEST_PLACE) if len(clusters) == 1 else f"{len(clusters)} clusters"


def _clusters(case: Case) -> list[str]:
    return _in_order(one_line(member.cluster_name, LONGEST_NAME) for member in case.about)


def _in_order(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name]


def where(case: Case) -> list[str]:
    """The clusters, then the workloads or namespaces: the first few of each and how many more."""
    subjects = _in_order(_subject_place(member) for member in case.about)
    return [
        *_few(_clusters(case), _MOST_CLUSTERS, "clusters"),
        *_few(subjects, _MOST_SUBJECTS, "workloads"),
    ]


def _few(names: Sequence[str], most: int, called: str) -> list[str]:
    more = len(names) - most
    return list(names) if more <= 0 else [*names[:most], f"{more} more {called}"]


def _subject_place(member: MemberFacts) -> str:
    """`namespace/workload` or the namespace; nothing for what belongs to a cluster as a whole."""
    place = "/".join(part for part in (member.namespace, member.workload.partition("/")[2]) if part)
    return one_line(place, LONGEST_NAME)


def sentence(case: Case) -> str:
    """What is the matter, as full sentences; of what is over or unreadable, that first."""
    parts = [_state_words(case), f"{case.said}.", _other_rules(case)]
    return one_line(" ".join(part for part in parts if part), _LONGEST_SENTENCE)


def _state_words(case: Case) -> str:
    since, until = case.clock(case.since_ms), case.clock(case.until_ms)
    lasted = span(case.until_ms - case.since_ms)
    if case.state == tells.UNKNOWN:
        return f"This cannot be read now: last known firing since {since}."
    if case.state == tells.FIRED_AND_RESOLVED:
        is_short = case.until_ms - case.since_ms < MINUTE_MS
        when = f"at {since}, for {lasted}" if is_short else f"from {since} to {until}, {lasted}"
        return f"Over before it could be told: {when}. It was:"
    if case.state == tells.RESOLVED and case.group.resolved_by_hand:
        reason = one_line(case.group.resolved_by_hand, 500).rstrip(".")
        return f"Resolved by hand at {until}, after {lasted}: {reason}. It was:"
    if case.state == tells.RESOLVED:
        return f"Resolved at {until}, after {lasted}. It was:"
    return ""


def _other_rules(case: Case) -> str:
    """Which other rules are in the same group, and how often."""
    counts = Counter(member.rule for member in case.about[1:] if member.rule != case.about[0].rule)
    if not counts:
        return ""
    named = [
        f"{one_line(_words_of(rule, case.rules).name, 80)} ({count})"
        for rule, count in counts.most_common(_MOST_OTHER_RULES)
    ]
    more = len(counts) - len(named)
    return f"Also {', '.join(named)}{f' and {more} more rules' if more else ''}."


def item(case: Case, member: MemberFacts) -> str:
    """One line: the kind and name of what is affected; its rule where that is another than the first's."""
    named = "/".join(part for part in (member.namespace, member.name) if part)
    text = f"{member.kind} {named}".strip() if named else member.cluster_name or "The portal"
    if member.rule != case.about[0].rule:
        text = f"{text}: {_words_of(member.rule, case.rules).name}"
    return one_line(text, LONGEST_NAME)
