"""What a message is made from, without any model: a group, its alerts, their rules, what was told. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import msgspec

from metrics.alerts import wording
from metrics.alerts.grouping import REPEAT_MS
from metrics.alerts.rules import Rule
from metrics.alerts.values import Value
from metrics.notify.message import Message

Params: TypeAlias = Mapping[str, Value]

TEST_SEVERITY = "test"


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of the group. Its state is firing, unknown or resolved."""

    uuid: str
    rule: str
    severity: str
    state: str
    since_ms: int
    cluster_name: str = ""
    """Empty: it is about the portal itself."""
    cluster_slug: str = ""
    cluster_labels: Mapping[str, str] = {}
    kind: str = ""
    namespace: str = ""
    name: str = ""
    workload: str = ""
    """`Kind/name`, in the member's namespace."""
    node: str = ""
    image: str = ""
    params: Params = {}
    resolved_at_ms: int | None = None
    unknown_since_ms: int | None = None


class GroupFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The group, as far as its alerts do not say it."""

    uuid: str
    taken_by: str = ""
    resolved_by_hand: str = ""
    """The reason of whoever resolved it by hand; empty where nobody did."""


@dataclass(frozen=True, kw_only=True)
class RuleWords:
    """What one rule says. Its sentence and command are filled in with what is known of its oldest alert."""

    name: str
    sentence: Callable[[Params, int], str]
    """Of that alert's params and of how many alerts of the rule there are."""
    advice: Callable[[Params], str] = lambda params: ""
    command: Callable[[Params], str] = lambda params: ""
    runbook_url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rule: Rule) -> "RuleWords":
        """What a rule of the rulebook says."""
        return cls(
            name=rule.name,
            sentence=partial(wording.sentence, rule),
            advice=partial(wording.advice, rule),
            command=partial(wording.command, rule),
            runbook_url=rule.runbook,
            labels=rule.labels,
        )


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a destination knows of a group: the last message that reached it, or may have."""

    state: str
    severity: str
    digest: str
    at_ms: int
    resolved_until_ms: Mapping[str, int] = {}

    @classmethod
    def of(cls, message: Message) -> "Told":
        """What a message told."""
        return cls(
            state=message.state,
            severity=message.severity,
            digest=message.digest,
            at_ms=message.at_ms,
            resolved_until_ms=message.resolved_until_ms,
        )


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """The message's own id and number, and what is the same of all messages of the portal."""

    id: str
    sequence: int
    public_url: str
    time_zone: str = "UTC"
    repeat_after_ms: int = REPEAT_MS
