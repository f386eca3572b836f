"""Writes the golden files of messages: stored ones of each format, and each product's form of them.

    python -m tests.metrics.notify.golden

A stored message of a format that was released is never written again. The products' forms are pictures: a
change of one is looked at, then written anew.
"""

import base64
from pathlib import Path
from typing import Any

import msgspec

from metrics.notify.facts import GroupFacts
from metrics.notify.kinds import kind_named
from metrics.notify.kinds.kind import Outbound, OutboundLetter, Target
from metrics.notify.message import Message, stored
from tests.metrics.notify.builders import GROUP, MINUTE_MS, NOW_MS, a_message, a_node, ended

GOLDEN = Path(__file__).parents[2] / "data" / "golden" / "messages"


def firing() -> Message:
    """Twelve nodes in two clusters, and somebody who is on it."""
    group = GroupFacts(uuid=GROUP, taken_by="Oda Berg")
    east = [a_node(number) for number in range(1, 7)]
    west = [
        a_node(number, cluster_name="prod-eu-west-1", cluster_slug="prod-eu-west-1", severity="warning")
        for number in range(7, 13)
    ]
    return a_message(*east, *west, group=group)


def resolved() -> Message:
    """One node that came back."""
    return a_message(ended(a_node(1), NOW_MS + 15 * MINUTE_MS), before=a_message(a_node(1)))


MESSAGES = {"firing": firing, "resolved": resolved}
ADDRESSES = {
    "discord": "https://discord.com/api/webhooks/1/key",
    "mail": "smtps://mail.example.org?from=topmast@example.org&to=oncall@example.org",
    "mattermost": "https://chat.example.org/hooks/key",
    "slack": "https://hooks.slack.com/services/T0/B0/key",
    "webhook": "https://in.example.org/topmast",
}
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def pictures(name: str, kind: str) -> dict[str, bytes]:
    """What a kind makes of a message, by the name of its file; its plain form where it has one."""
    message, made = MESSAGES[name](), kind_named(kind)
    target = Target(url=ADDRESSES[kind], secret=SECRET, at_ms=message.at_ms)
    found = {"": body_of(made.request(message, target))}
    if made.plain:
        found["-plain"] = body_of(made.plain(message, target))
    ending = "eml" if kind == "mail" else "json"
    return {f"{kind}-{name}{suffix}.{ending}": body for suffix, body in found.items()}


def body_of(outbound: Outbound) -> bytes:
    """A letter as it is; JSON spread out."""
    if isinstance(outbound, OutboundLetter):
        return outbound.content
    return msgspec.json.format(outbound.body, indent=1) + b"\n"


def written(value: Any) -> bytes:
    """Any value as a golden file has it."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def main() -> None:
    """Write all files but those of released formats."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, message in MESSAGES.items():
        (GOLDEN / f"{name}-1.json").write_bytes(written(stored(message())))
        for kind in ADDRESSES:
            for file, body in pictures(name, kind).items():
                (GOLDEN / file).write_bytes(body)


if __name__ == "__main__":
    main()
