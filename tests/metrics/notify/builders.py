"""Groups, their alerts and what rules say, as tests need them."""

from typing import Any

import msgspec

from metrics.notify.compose import compose
from metrics.notify.facts import GroupFacts, Letterhead, MemberFacts, Params, RuleWords, Told
from metrics.notify.message import Message

NOW_MS = 1_795_271_100_000  # 21 November 2026, 14:25 UTC
MINUTE_MS = 60_000
GROUP = "6f2b1e0c-51c3-4a07-9d6a-0b8f6a6f0001"
URL = "https://topmast.example.org"


def nodes_sentence(params: Params, count: int) -> str:
    return f"{params.get('node', 'A node')} is not ready." if count == 1 else f"{count} nodes are not ready."


NODES = RuleWords(
    name="KubeNodeNotReady",
    sentence=nodes_sentence,
    command=lambda params: f"kubectl describe node {params.get('node', '')}",
    advice=lambda params: "Look whether the kubelet runs, and whether the node has power and network.",
    runbook_url="https://runbooks.example.org/node-not-ready",
    labels={"area": "node"},
)
PODS = RuleWords(
    name="KubePodCrashLooping",
    sentence=lambda params, count: f"{params.get('pod', 'A pod')} starts and ends over and over.",
)
RULES = {"node-not-ready": NODES, "pod-crash-looping": PODS}


def a_node(number: int = 1, **changes: Any) -> MemberFacts:
    """A node that has not been ready for eight minutes."""
    name = f"ip-10-4-{number}"
    facts: dict[str, Any] = {
        "uuid": f"alert-{number}",
        "rule": "node-not-ready",
        "severity": "critical",
        "state": "firing",
        "since_ms": NOW_MS - 8 * MINUTE_MS,
        "cluster_name": "prod-us-east-2",
        "cluster_slug": "prod-us-east-2",
        "cluster_labels": {"env": "prod", "region": "us-east-2"},
        "kind": "Node",
        "name": name,
        "node": name,
        "params": {"node": name},
    }
    return MemberFacts(**{**facts, **changes})


def ended(member: MemberFacts, at_ms: int = NOW_MS) -> MemberFacts:
    """The same, resolved."""
    return msgspec.structs.replace(member, state="resolved", resolved_at_ms=at_ms)


def a_message(*members: MemberFacts, before: Message | None = None, **changes: Any) -> Message:
    """What is told of these."""
    message = maybe_message(*members, before=before, **changes)
    assert message is not None
    return message


def maybe_message(
    *members: MemberFacts,
    before: Message | None = None,
    now_ms: int = NOW_MS,
    group: GroupFacts | None = None,
    rules: dict[str, RuleWords] | None = None,
    zone: str = "UTC",
) -> Message | None:
    """What is told of these; None for nothing."""
    sequence = before.sequence + 1 if before else 1
    return compose(
        group=group or GroupFacts(uuid=GROUP),
        members=members,
        rules=RULES if rules is None else rules,
        told_before=Told.of(before) if before else None,
        letterhead=Letterhead(
            id=f"0d9f7c52-8f0c-4d53-8f44-00000000000{sequence}",
            sequence=sequence,
            public_url=URL + "/",
            time_zone=zone,
        ),
        now_ms=now_ms,
    )
