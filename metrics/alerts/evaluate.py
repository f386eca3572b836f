"""What becomes of each alert of one cluster at one moment. Pure: the clock is an argument.

- A condition that holds is *pending* until it has held for the rule's `for`, counted from when it was
  first seen; then it *fires*. One that ends before is dropped.
- What fires and holds no longer is *resolved*, after the rule's `keep_firing_for` has gone without it.
- What cannot be judged is never resolved: what fires becomes *unknown* and what is pending stays so and
  does not fire. Both clocks run on; they are looked at when it can be judged again. A rule whose policy
  is `resolve` or `fire` takes missing figures for that, but never a cluster that cannot be read.
- A rule that asks for more of the past than is known yet, as after a restart, neither fires nor ends what
  it does not find: that stays as it was.
- A rule that is switched off, or is no more, ends its alerts with the reason `rule_off`.
- What a person resolved while it still holds stays *quiet* until it was over once, or for QUIET_MS.
- Only what holds now is looked at: whatever came and went while nobody looked raises nothing.

Alerts do not touch each other here, so that they may be judged a portion at a time.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from metrics.alerts.effective import Terms, TermsOf
from metrics.alerts.values import FIRING, PENDING, RESOLVED, UNKNOWN, AlertKey, Kept, Match, Seen, Transition

QUIET_MS = 86_400_000

CONDITION = "condition"
RULE_OFF = "rule_off"
BY_HAND = "by_hand"

PENDS = "pending"
FIRED = "fired"
BECAME_UNKNOWN = "unknown"
BECAME_KNOWN = "known"
CHANGED = "changed"
ENDED = "resolved"
DROPPED = "dropped"
REARMED = "rearmed"
"""Was resolved by hand, and may be told again."""

SEVERITY_CHANGED = "severity"
MATCH_CHANGED = "match"
IS_OVER = "over"
"""Holds no longer; still fires until `keep_firing_for` has gone."""
HOLDS_AGAIN = "again"
CLOCK_CHANGED = "clock"
UNREADABLE = "unreadable"
NO_FIGURES = "no_data"


class Quiet(msgspec.Struct, frozen=True):
    """An alert that a person resolved while its condition held."""

    alert: Kept
    until_ms: int


class ClusterAlerts(msgspec.Struct, frozen=True):
    """All open alerts of one cluster, and those that a person wants to hear nothing of."""

    kept: Mapping[AlertKey, Kept] = msgspec.field(default_factory=dict)
    quiet: Mapping[AlertKey, Quiet] = msgspec.field(default_factory=dict)


class Outcome(msgspec.Struct, frozen=True):
    """The alerts as they are now, what happened to them, and when time alone will change one."""

    after: ClusterAlerts
    transitions: list[Transition]
    next_due_ms: int | None


class _Step(NamedTuple):
    """What becomes of one alert; `what` is empty where there is nothing to store."""

    kept: Kept | None
    what: str = ""
    reason: str = ""
    due_ms: int | None = None


_NOTHING = _Step(None)


def evaluate(
    before: ClusterAlerts,
    seen: Seen,
    effective: TermsOf,
    now_ms: int,
    *,
    keys: Iterable[AlertKey] | None = None,
) -> Outcome:
    """Judge every alert, or only those of `keys`; `next_due_ms` then speaks of those alone."""
    kept, quiet = before.kept, before.quiet
    changed_kept: dict[AlertKey, Kept] | None = None
    changed_quiet: dict[AlertKey, Quiet] | None = None
    transitions: list[Transition] = []
    next_due_ms: int | None = None
    for key in all_keys(before, seen) if keys is None else keys:
        terms = effective(key)
        hushed = quiet.get(key)
        if hushed is not None:
            if _stays_quiet(hushed, key, seen, terms, now_ms):
                next_due_ms = _earlier(next_due_ms, hushed.until_ms)
                continue
            changed_quiet = dict(quiet) if changed_quiet is None else changed_quiet
            del changed_quiet[key]
            transitions.append(Transition(what=REARMED, alert=hushed.alert, at_ms=now_ms))
        old = kept.get(key)
        step = _step(old, key, seen, terms, now_ms)
        next_due_ms = _earlier(next_due_ms, step.due_ms)
        if step.kept is not old:
            changed_kept = dict(kept) if changed_kept is None else changed_kept
            _keep(changed_kept, key, step.kept)
        if step.what and step.kept is not None:
            transitions.append(Transition(what=step.what, alert=step.kept, at_ms=now_ms, reason=step.reason))
    if changed_kept is None and changed_quiet is None:
        return Outcome(before, transitions, next_due_ms)
    after = ClusterAlerts(
        kept if changed_kept is None else changed_kept, quiet if changed_quiet is None else changed_quiet
    )
    return Outcome(after, transitions, next_due_ms)


def all_keys(before: ClusterAlerts, seen: Seen) -> Iterator[AlertKey]:
    """Everything there is to judge, each once."""
    yield from before.kept
    yield from (key for key in seen.matches if key not in before.kept)
    yield from (key for key in before.quiet if key not in before.kept and key not in seen.matches)


def shifted(alerts: ClusterAlerts, by_ms: int, now_ms: int) -> tuple[ClusterAlerts, list[Transition]]:
    """The same alerts after the machine's clock was set forward by so much, or back where negative.

    `for` and `keep_firing_for` have run as long as they had, by a clock nobody sets. What a person wants
    to hear nothing of for a day goes by the calendar.
    """
    kept = dict(alerts.kept)
    moved: list[Transition] = []
    for key, one in alerts.kept.items():
        if one.state == PENDING:
            kept[key] = msgspec.structs.replace(one, since_ms=one.since_ms + by_ms)
        elif one.false_since_ms is not None:
            kept[key] = msgspec.structs.replace(one, false_since_ms=one.false_since_ms + by_ms)
        else:
            continue
        moved.append(Transition(what=CHANGED, alert=kept[key], at_ms=now_ms, reason=CLOCK_CHANGED))
    return ClusterAlerts(kept, alerts.quiet), moved


def quieted(
    alerts: ClusterAlerts, by_hand: Mapping[AlertKey, Quiet], now_ms: int
) -> tuple[ClusterAlerts, list[Transition]]:
    """The alerts without those that a person has resolved since this was asked last.

    One that has ended here in the meantime was over once: it may be told again.
    """
    kept, quiet = dict(alerts.kept), dict(alerts.quiet)
    rearmed: list[Transition] = []
    for key, one in by_hand.items():
        open_now = kept.get(key)
        if open_now is not None and open_now.state != PENDING and open_now.since_ms == one.alert.since_ms:
            del kept[key]
            quiet[key] = one
        elif key not in quiet:
            rearmed.append(Transition(what=REARMED, alert=one.alert, at_ms=now_ms))
    return ClusterAlerts(kept, quiet), rearmed


def darkened(alerts: ClusterAlerts, reason: str, now_ms: int) -> list[Transition]:
    """What becomes of the alerts of a cluster that nobody reads any more."""
    steps = [_cannot_tell(one, reason, now_ms) for one in alerts.kept.values() if one.state == FIRING]
    return [
        Transition(what=step.what, alert=step.kept, at_ms=now_ms, reason=step.reason)
        for step in steps
        if step.kept is not None
    ]


def _keep(kept: dict[AlertKey, Kept], key: AlertKey, one: Kept | None) -> None:
    if one is None or one.state == RESOLVED:
        kept.pop(key, None)
    else:
        kept[key] = one


def _step(old: Kept | None, key: AlertKey, seen: Seen, terms: Terms | None, now_ms: int) -> _Step:
    """What becomes of one alert that is not quiet."""
    if terms is None or terms.is_off:
        return _NOTHING if old is None else _end(old, RULE_OFF)
    match = seen.matches.get(key)
    holds = _holds_now(match, terms, seen)
    if old is None:
        return _begin(match, terms, now_ms) if holds and match is not None else _NOTHING
    if holds is None:
        return _cannot_tell(old, _why_unknown(terms, seen), now_ms)
    if not holds:
        return _does_not_hold(old, terms, now_ms)
    match = old.match if match is None or match == old.match else match
    if old.state == PENDING:
        return _still_pends(old, match, terms, now_ms)
    return _still_fires(old, match, terms, now_ms)


def _holds_now(match: Match | None, terms: Terms, seen: Seen) -> bool | None:
    """Whether the condition holds; None where nobody can tell."""
    if terms.reads_cluster and not seen.is_readable:
        return None
    if terms.rule not in seen.blind_rules:
        return True if match is not None else None if terms.rule in seen.young_rules else False
    if not seen.is_readable or terms.no_data == "unknown":
        return None
    return terms.no_data == "fire"


def _why_unknown(terms: Terms, seen: Seen) -> str:
    """Empty where only the past is not known yet: then everything stays as it was."""
    if terms.reads_cluster and not seen.is_readable:
        return UNREADABLE
    return NO_FIGURES if terms.rule in seen.blind_rules else ""


def _begin(match: Match, terms: Terms, now_ms: int) -> _Step:
    one = Kept(match=match, severity=terms.severity, state=PENDING, since_ms=now_ms, last_true_at_ms=now_ms)
    if terms.for_ms <= 0:
        return _fire(one, now_ms)
    return _Step(one, PENDS, due_ms=now_ms + terms.for_ms)


def _still_pends(old: Kept, match: Match, terms: Terms, now_ms: int) -> _Step:
    """A first sight that is yet to come was told by a clock that was wrong: it is now.

    What it would tell changes without being stored: that is told when it fires.
    """
    since_ms = min(old.since_ms, now_ms)
    one = old
    if (since_ms, match, terms.severity) != (old.since_ms, old.match, old.severity):
        one = msgspec.structs.replace(old, match=match, severity=terms.severity, since_ms=since_ms)
    if now_ms - since_ms >= terms.for_ms:
        return _fire(one, now_ms)
    reason = CLOCK_CHANGED if since_ms != old.since_ms else _what_is_new(old, old.match, terms)
    return _Step(one, CHANGED if reason else "", reason, since_ms + terms.for_ms)


def _fire(one: Kept, now_ms: int) -> _Step:
    return _Step(
        msgspec.structs.replace(one, state=FIRING, fired_at_ms=now_ms, last_true_at_ms=now_ms), FIRED
    )


def _still_fires(old: Kept, match: Match, terms: Terms, now_ms: int) -> _Step:
    reason = _what_is_new(old, match, terms)
    if not reason and old.state == FIRING:
        return _Step(old)
    one = msgspec.structs.replace(
        old,
        match=match,
        severity=terms.severity,
        state=FIRING,
        last_true_at_ms=now_ms,
        unknown_since_ms=None,
        false_since_ms=None,
    )
    return _Step(one, CHANGED if old.state == FIRING else BECAME_KNOWN, reason)


def _what_is_new(old: Kept, match: Match, terms: Terms) -> str:
    if terms.severity != old.severity:
        return SEVERITY_CHANGED
    if old.false_since_ms is not None:
        return HOLDS_AGAIN
    return "" if match is old.match else MATCH_CHANGED


def _does_not_hold(old: Kept, terms: Terms, now_ms: int) -> _Step:
    if old.state == PENDING:
        return _end(old, CONDITION)
    since_ms = now_ms if old.false_since_ms is None else min(old.false_since_ms, now_ms)
    if now_ms - since_ms >= terms.keep_firing_for_ms:
        return _end(old, CONDITION)
    due_ms = since_ms + terms.keep_firing_for_ms
    if (old.state, old.false_since_ms) == (FIRING, since_ms):
        return _Step(old, due_ms=due_ms)
    one = msgspec.structs.replace(old, state=FIRING, unknown_since_ms=None, false_since_ms=since_ms)
    return _Step(one, CHANGED if old.state == FIRING else BECAME_KNOWN, IS_OVER, due_ms)


def _cannot_tell(old: Kept, reason: str, now_ms: int) -> _Step:
    if old.state != FIRING or not reason:
        return _Step(old)
    return _Step(msgspec.structs.replace(old, state=UNKNOWN, unknown_since_ms=now_ms), BECAME_UNKNOWN, reason)


def _end(old: Kept, reason: str) -> _Step:
    what = DROPPED if old.state == PENDING else ENDED
    return _Step(msgspec.structs.replace(old, state=RESOLVED, unknown_since_ms=None), what, reason)


def _stays_quiet(one: Quiet, key: AlertKey, seen: Seen, terms: Terms | None, now_ms: int) -> bool:
    """Until it was over once, its rule is off, or a day has gone. What cannot be judged was not over."""
    if terms is None or terms.is_off or now_ms >= one.until_ms:
        return False
    return _holds_now(seen.matches.get(key), terms, seen) is not False


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
