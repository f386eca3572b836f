"""Ten thousand random lives of a cluster's alerts: the evaluator and the reference model say the same."""

import random
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from metrics.alerts.effective import Terms
from metrics.alerts.evaluate import (
    QUIET_MS,
    ClusterAlerts,
    Outcome,
    Quiet,
    all_keys,
    evaluate,
    quieted,
    shifted,
)
from metrics.alerts.values import (
    FIRING,
    RESOLVED,
    UNKNOWN,
    AlertKey,
    Kept,
    Match,
    Seen,
    Subject,
    Transition,
    Value,
)
from tests.metrics.alerts import reference
from tests.metrics.alerts.reference import Answer, Look, Rule

TIMELINES = 10_000
PARTS = 10
MINUTE = 60_000

KEYS = [AlertKey(f"rule-{number}", Subject("Pod", "shop", "web")) for number in range(3)]
RULES = [
    Rule(),
    Rule(wait=5 * MINUTE),
    Rule(wait=5 * MINUTE, keep=3 * MINUTE),
    Rule(keep=10 * MINUTE),
    Rule(wait=MINUTE, no_data="resolve"),
    Rule(wait=MINUTE, keep=MINUTE, no_data="fire"),
    Rule(wait=MINUTE, reads_cluster=False),
]
PAUSES = [0, 1_000, 15_000, 15_000, MINUTE, MINUTE - 1, 3 * MINUTE, 5 * MINUTE, 40 * MINUTE, 25 * 60 * MINUTE]


@dataclass
class Rows:
    """What a database would hold of it."""

    open: dict[AlertKey, Kept] = field(default_factory=dict)
    quiet: dict[AlertKey, Quiet] = field(default_factory=dict)

    def store(self, transitions: list[Transition]) -> None:
        for one in transitions:
            key = one.alert.key
            if one.what == "rearmed":
                del self.quiet[key]
            elif one.what in ("resolved", "dropped"):
                assert self.open.pop(key).state != RESOLVED
            elif one.what in ("pending", "fired"):
                self.open[key] = one.alert
            else:
                assert key in self.open
                self.open[key] = one.alert

    def restore(self) -> ClusterAlerts:
        return ClusterAlerts(dict(self.open), dict(self.quiet))


class Life:
    """One cluster: what the world does to it, the evaluator with its rows, and the reference beside it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.rules = {key: self.dice.choice(RULES) for key in KEYS}
        self.matched = dict.fromkeys(KEYS, False)
        self.details = 0
        self.readable = True
        self.blind: set[AlertKey] = set()
        self.young: set[AlertKey] = set()
        self.felt = 1_700_000_000_000
        self.wall = self.felt
        self.rows = Rows()
        self.alerts = ClusterAlerts()
        self.looks: dict[AlertKey, list[Look]] = {key: [] for key in KEYS}
        self.said = {key: Answer() for key in KEYS}

    def live(self) -> None:
        for _ in range(self.dice.randint(8, 22)):
            self.something_happens()
            self.look()

    def something_happens(self) -> None:
        pause = self.dice.choice(PAUSES)
        self.felt += pause
        self.wall += pause
        key = self.dice.choice(KEYS)
        for deed in self.dice.choices(DEEDS, WEIGHTS, k=2):
            deed(self, key)

    def flap(self, key: AlertKey) -> None:
        self.matched[key] = not self.matched[key]

    def change_details(self, key: AlertKey) -> None:
        self.details += 1

    def lose_line(self, key: AlertKey) -> None:
        self.readable = not self.readable

    def lose_figures(self, key: AlertKey) -> None:
        self.blind ^= {key}

    def forget_past(self, key: AlertKey) -> None:
        self.young ^= {key}

    def set_clock(self, key: AlertKey) -> None:
        by = self.dice.choice([-60, -5, 5, 60, 1500]) * MINUTE
        self.wall += by
        self.alerts, moved = shifted(self.alerts, by, self.wall)
        self.rows.store(moved)

    def edit(self, key: AlertKey) -> None:
        self.rules[key] = replace(
            self.rules[key],
            severity=self.dice.choice(["critical", "warning"]),
            wait=self.dice.choice([0, MINUTE, 5 * MINUTE]),
            is_off=self.dice.random() < 0.2,
        )

    def restart(self, key: AlertKey) -> None:
        self.alerts = self.rows.restore()

    def change_worker(self, key: AlertKey) -> None:
        """The other machine's clock is another: nobody can tell that from time that went by."""
        by = self.dice.choice([-2 * MINUTE, -1_000, 0, 1_000, 2 * MINUTE])
        self.wall += by
        self.felt += by
        self.alerts = self.rows.restore()

    def resolve_by_hand(self, key: AlertKey) -> None:
        row = self.rows.open.get(key)
        if row is None or row.state not in (FIRING, UNKNOWN):
            return
        del self.rows.open[key]
        self.rows.quiet[key] = Quiet(row, self.wall + QUIET_MS)
        self.alerts, rearmed = quieted(self.alerts, self.rows.quiet, self.wall)
        assert not rearmed
        self.looks[key].append(Look(self.felt, self.wall, self.rules[key], by_hand=True))
        self.said[key] = Answer("quiet")

    def look(self) -> None:
        outcome = self.evaluated()
        self.rows.store(outcome.transitions)
        self.alerts = outcome.after
        assert stored(self.rows.restore()) == stored(self.alerts), "a restart now would go on elsewhere"
        told = [(one.alert.key, one.what) for one in outcome.transitions if one.what != "changed"]
        expected: list[tuple[AlertKey, str]] = []
        for key in KEYS:
            self.looks[key].append(
                Look(
                    self.felt,
                    self.wall,
                    self.rules[key],
                    matched=self.matched[key],
                    readable=self.readable,
                    blind=key in self.blind,
                    young=key in self.young,
                )
            )
            now = reference.answer(self.looks[key])
            expected += [(key, what) for what in reference.happened(self.said[key], now)]
            self.said[key] = now
            self.compare(key, now)
        assert sorted(told) == sorted(expected)

    def evaluated(self) -> Outcome:
        seen, now_ms = self.seen(), self.wall
        if self.dice.random() < 0.7:
            outcome = evaluate(self.alerts, seen, self.terms, now_ms)
        else:
            outcome = self.in_portions(seen)
        if self.dice.random() < 0.2:
            self.check_due(outcome, seen)
        return outcome

    def in_portions(self, seen: Seen) -> Outcome:
        alerts, transitions, due = self.alerts, [], []
        for key in list(all_keys(alerts, seen)):
            part = evaluate(alerts, seen, self.terms, self.wall, keys=[key])
            alerts = part.after
            transitions += part.transitions
            due += [part.next_due_ms] if part.next_due_ms is not None else []
        return Outcome(alerts, transitions, min(due, default=None))

    def check_due(self, outcome: Outcome, seen: Seen) -> None:
        """Until it is due nothing happens by itself; then something does."""
        due = outcome.next_due_ms
        early = evaluate(outcome.after, seen, self.terms, self.wall + 10**12 if due is None else due - 1)
        assert not early.transitions
        if due is not None:
            assert evaluate(outcome.after, seen, self.terms, due).transitions

    def seen(self) -> Seen:
        params: dict[str, Value] = {"count": self.details}
        matches = {key: Match(key=key, params=params) for key in KEYS if self.matched[key]}
        blind = frozenset(key.rule for key in self.blind)
        young = frozenset(key.rule for key in self.young)
        return Seen(matches=matches, is_readable=self.readable, blind_rules=blind, young_rules=young)

    def terms(self, key: AlertKey) -> Terms | None:
        rule = self.rules[key]
        return Terms(
            rule=key.rule,
            severity=rule.severity,
            for_ms=rule.wait,
            keep_firing_for_ms=rule.keep,
            no_data=rule.no_data,
            reads_cluster=rule.reads_cluster,
            is_off=rule.is_off,
        )

    def compare(self, key: AlertKey, expected: Answer) -> None:
        kept = self.alerts.kept.get(key)
        if expected.state in ("", "quiet"):
            assert kept is None
            assert (key in self.alerts.quiet) == (expected.state == "quiet")
            return
        assert kept is not None
        assert kept.state == expected.state
        if kept.state == "pending":
            assert self.wall - kept.since_ms == self.felt - expected.since
        elif kept.state == "firing" and self.matched[key] and key not in self.blind and self.readable:
            assert kept.severity == self.rules[key].severity
            assert kept.match.params == {"count": self.details}


def stored(alerts: ClusterAlerts) -> ClusterAlerts:
    """What has to be in the rows: the details of what is pending may be older there."""
    return ClusterAlerts({key: at_rest(one) for key, one in alerts.kept.items()}, alerts.quiet)


def at_rest(one: Kept) -> Kept:
    return one if one.state != "pending" else msgspec.structs.replace(one, match=Match(key=one.key))


DEEDS = [
    Life.flap, Life.change_details, Life.lose_line, Life.lose_figures, Life.set_clock, Life.edit,
    Life.restart, Life.change_worker, Life.resolve_by_hand, Life.forget_past,
]  # fmt: skip
WEIGHTS = [12, 2, 3, 3, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("part", range(PARTS))
def test_the_evaluator_and_the_reference_model_say_the_same(part: int) -> None:
    for seed in range(part, TIMELINES, PARTS):
        try:
            Life(seed).live()
        except AssertionError as error:
            raise AssertionError(f"timeline {seed}: {error}") from error


def test_timelines_meet_every_transition() -> None:
    met: set[str] = set()
    store = Rows.store

    class Noting(Rows):
        def store(self, transitions: list[Transition]) -> None:
            met.update(f"{one.what} {one.reason}".strip() for one in transitions)
            store(self, transitions)

    for seed in range(400):
        life = Life(seed)
        life.rows = Noting()
        life.live()

    assert met >= {
        "pending", "fired", "unknown unreadable", "unknown no_data", "known", "known over",
        "resolved condition", "resolved rule_off", "dropped condition", "dropped rule_off",
        "rearmed", "changed severity",
        "changed match", "changed over", "changed again", "changed clock",
    }  # fmt: skip


def test_values_of_an_alert_survive_being_stored_as_bytes() -> None:
    match = Match(key=KEYS[0], params={"count": 3, "unknown": None})
    kept = Kept(match=match, severity="warning", state=FIRING, since_ms=1)

    assert msgspec.json.decode(msgspec.json.encode(kept), type=Kept) == kept
