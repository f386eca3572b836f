"""What the steps of alerting hand to each other. Pure."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import msgspec

PENDING = "pending"
FIRING = "firing"
UNKNOWN = "unknown"
RESOLVED = "resolved"
STATES = (PENDING, FIRING, UNKNOWN, RESOLVED)

SEVERITIES = ("critical", "warning", "info", "test")
"""Worst first."""

Value: TypeAlias = str | int | float | None


class Subject(NamedTuple):
    """What an alert is about. A cluster as a whole is `Cluster` without namespace or name."""

    kind: str
    namespace: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        """As it is stored and compared: Kind/namespace/name."""
        return f"{self.kind}/{self.namespace}/{self.name}"


class AlertKey(NamedTuple):
    """One rule on one subject, within one cluster."""

    rule: str
    subject: Subject


class Match(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A rule's condition that holds now for one subject."""

    key: AlertKey
    node: str = ""
    workload: str = ""
    """`Kind/name` of the workload behind it, in the subject's namespace; empty where there is none."""
    image: str = ""
    params: dict[str, Value] = msgspec.field(default_factory=dict)
    """What the rule's sentence tells: names, counts and limits, never a sentence."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of one cluster at one moment."""

    matches: Mapping[AlertKey, Match]
    is_readable: bool = True
    """False: nothing can be said but what is about the connection itself."""
    blind_rules: frozenset[str] = frozenset()
    """Rules that cannot be judged now: a kind they read is stale or refused, a figure is unknown."""
    young_rules: frozenset[str] = frozenset()
    """Rules that ask for more of the past than is known yet: what they do not find may hold all the same."""


class Kept(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One alert as the evaluator holds it from one evaluation to the next. Times are UTC milliseconds."""

    match: Match
    severity: str
    state: str
    since_ms: int
    """When the condition was first seen to hold."""
    fired_at_ms: int | None = None
    last_true_at_ms: int = 0
    """As of its last change: of one that fires on and on, nothing is written."""
    unknown_since_ms: int | None = None
    false_since_ms: int | None = None
    """When the condition was first seen not to hold; it fires until `keep_firing_for` has gone since."""

    @property
    def key(self) -> AlertKey:
        """Its rule and subject."""
        return self.match.key


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one alert.

    `what`: pending, fired, unknown, known, changed (its params or severity), resolved, dropped
    (pending, and over before it fired), or rearmed (was resolved by hand, and may be told again).
    """

    what: str
    alert: Kept
    at_ms: int
    reason: str = ""
    """Of resolved and dropped: condition, rule_off, by_hand. Others: see metrics.alerts.evaluate."""


def fingerprint(*, cluster: str, key: AlertKey) -> str:
    """32 hexadecimal digits for one rule on one subject of one cluster (its UUID; empty: the portal)."""
    parts = "\0".join((key.rule, cluster, *key.subject))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
