"""Writes the golden files of messages: stored ones of each format, and each product's form of them.

    python -m tests.metrics.notify.golden

A stored message of a format that was released is never written again. The products' forms are pictures: a
change of one is looked at, then written anew.
"""

from pathlib import Path
from typing import Any

import msgspec

from metrics.notify.facts import GroupFacts
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


def written(value: Any) -> bytes:
    """Any value as a golden file has it."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def main() -> None:
    """Write all files but those of released formats."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, message in MESSAGES.items():
        (GOLDEN / f"{name}-1.json").write_bytes(written(stored(message())))


if __name__ == "__main__":
    main()
