"""What one destination is told about one group now, or nothing where it knows that already. Pure.

All is made of the alerts it is given: who routes decides which of a group's a destination may be told of.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from metrics.alerts.values import FIRING, PENDING, RESOLVED, SEVERITIES, UNKNOWN
from metrics.notify import message as tells
from metrics.notify import phrases
from metrics.notify.facts import TEST_SEVERITY, GroupFacts, Letterhead, MemberFacts, RuleWords, Told
from metrics.notify.message import OVER, Item, Message
from metrics.notify.texts import length, one_line, web_link

MOST_ITEMS = 10
_MOST_LABELS = 20
_LONGEST_LABEL = 256
_LONGEST_COMMAND = 600


def compose(
    *,
    group: GroupFacts,
    members: Sequence[MemberFacts],
    rules: Mapping[str, RuleWords],
    told_before: Told | None,
    letterhead: Letterhead,
    now_ms: int,
) -> Message | None:
    """The message that is due; None where there is nothing to tell, or nothing that was not told.

    `members` is without those that are inhibited or silenced. A rule that is no more is called by its id.
    """
    members = [member for member in members if member.state != PENDING]
    lasting = sorted((member for member in members if member.state != RESOLVED), key=_order)
    ended = sorted(_ended_since(members, told_before), key=_order)
    digest = _digest(lasting)
    state: str | None
    if lasting:
        state = _state_of(lasting, told_before)
        is_told = _is_told(state, digest, told_before, now_ms - letterhead.repeat_after_ms)
    else:
        state = _end_of(ended, told_before)
        is_told = False
    if state is None or is_told:
        return None
    about = lasting or (sorted(members, key=_order) if state == tells.RESOLVED else ended)
    case = phrases.Case(
        state=state, about=about, group=group, rules=rules, before=told_before, head=letterhead, now_ms=now_ms
    )
    listed = _listed([*lasting, *ended] or about)
    return _message(case, listed, digest=digest, resolved_until_ms=_resolved_until(ended, told_before))


def _state_of(lasting: Sequence[MemberFacts], before: Told | None) -> str:
    if _are_tests(lasting):
        return tells.TEST
    if all(member.state == UNKNOWN for member in lasting):
        return tells.UNKNOWN
    return tells.FIRING if before is None or before.state in OVER else tells.UPDATE


def _end_of(ended: Sequence[MemberFacts], before: Told | None) -> str | None:
    """How an end is told: never where the beginning was not, and never that a test is over."""
    if before is None or before.state in OVER:
        if not ended:
            return None
        return tells.TEST if _are_tests(ended) else tells.FIRED_AND_RESOLVED
    return None if before.state == tells.TEST else tells.RESOLVED


def _are_tests(members: Sequence[MemberFacts]) -> bool:
    return all(member.severity == TEST_SEVERITY for member in members)


def _is_told(state: str, digest: str, before: Told | None, repeat_before_ms: int) -> bool:
    if before is None or digest != before.digest:
        return False
    return state == tells.TEST or before.at_ms > repeat_before_ms


def _ended_since(members: Iterable[MemberFacts], before: Told | None) -> list[MemberFacts]:
    """What is resolved and was in no message yet. One reader stores a cluster's ends, in their order."""
    until_ms = before.resolved_until_ms if before else {}
    return [
        member
        for member in members
        if member.state == RESOLVED and (member.resolved_at_ms or 0) > until_ms.get(member.cluster_slug, -1)
    ]


def _resolved_until(ended: Iterable[MemberFacts], before: Told | None) -> dict[str, int]:
    until_ms = dict(before.resolved_until_ms) if before else {}
    for member in ended:
        until_ms[member.cluster_slug] = max(member.resolved_at_ms or 0, until_ms.get(member.cluster_slug, 0))
    return until_ms


def _digest(lasting: Iterable[MemberFacts]) -> str:
    """Of who is affected and how badly. Figures in sentences move all the time and are no news."""
    told = sorted((member.uuid, member.state, member.severity) for member in lasting)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def _order(member: MemberFacts) -> tuple[int, int, int, str, str, str]:
    """What lasts first, then the worst, then the oldest."""
    rank = SEVERITIES.index(member.severity) if member.severity in SEVERITIES else len(SEVERITIES)
    state = (FIRING, UNKNOWN, RESOLVED).index(member.state)
    return (state, rank, member.since_ms, member.cluster_name, member.namespace, member.name)


def _listed(members: Sequence[MemberFacts]) -> list[MemberFacts]:
    """Among those that are as bad, each object once before any a second time for another rule."""
    seen: set[tuple[str, ...]] = set()
    again: set[str] = set()
    for member in members:
        key = (member.state, member.severity, member.cluster_slug, member.kind, member.namespace, member.name)
        if key in seen:
            again.add(member.uuid)
        seen.add(key)
    return sorted(members, key=lambda member: (*_order(member)[:2], member.uuid in again))


def _message(
    case: phrases.Case,
    listed: Sequence[MemberFacts],
    *,
    digest: str,
    resolved_until_ms: dict[str, int],
) -> Message:
    words, head = case.words, case.head
    is_over = case.state in OVER
    return Message(
        id=head.id,
        group=case.group.uuid,
        state=case.state,
        severity=case.about[0].severity,
        rule=one_line(words.name, 80),
        title=phrases.title(case),
        sentence=phrases.sentence(case),
        where=phrases.where(case),
        since_ms=case.since_ms,
        until_ms=case.until_ms if is_over else None,
        count=len(case.about),
        items=[_item(case, member) for member in listed[:MOST_ITEMS]],
        more=max(0, len(listed) - MOST_ITEMS),
        advice="" if is_over else one_line(words.advice(case.about[0].params)),
        command="" if is_over else _command(words.command(case.about[0].params)),
        runbook_url=web_link(words.runbook_url or str(case.about[0].params.get("runbook_url", ""))),
        url=f"{head.public_url.rstrip('/')}/alerts/{case.group.uuid}/",
        labels=_labels(case),
        sequence=head.sequence,
        time_zone=head.time_zone,
        taken_by=one_line(case.group.taken_by, 80),
        at_ms=case.now_ms,
        digest=digest,
        resolved_until_ms=resolved_until_ms,
    )


def _command(text: str) -> str:
    """A command on one line, or none: half of one is worse."""
    line = one_line(text, _LONGEST_COMMAND + 1)
    return line if length(line) <= _LONGEST_COMMAND else ""


def _item(case: phrases.Case, member: MemberFacts) -> Item:
    return Item(
        text=phrases.item(case, member),
        severity=member.severity,
        since_ms=member.since_ms,
        cluster=one_line(member.cluster_name, phrases.LONGEST_NAME),
        state=member.state,
    )


def _labels(case: phrases.Case) -> dict[str, str]:
    """The rule's labels and those that all clusters of the message have alike."""
    clusters = [dict(member.cluster_labels) for member in case.about]
    alike = {
        name: value
        for name, value in sorted(clusters[0].items())
        if all(labels.get(name) == value for labels in clusters[1:])
    }
    labels = {**alike, **case.words.labels}
    return {
        one_line(name, _LONGEST_LABEL): one_line(str(value), _LONGEST_LABEL)
        for name, value in list(labels.items())[:_MOST_LABELS]
    }
