"""What one destination shall be told about one group, in words, before any product's form. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

FORMAT = 1
"""Of OutboxMessage.body. Fields are added with defaults; what older releases cannot read raises it."""

FIRING = "firing"
UPDATE = "update"
UNKNOWN = "unknown"
RESOLVED = "resolved"
FIRED_AND_RESOLVED = "fired_and_resolved"
TEST = "test"

OVER = (RESOLVED, FIRED_AND_RESOLVED)

LONGEST_TITLE = 150
"""What Slack shows as a header, and about what a phone shows before one opens it."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One affected thing: a line of the message. `state` is firing, unknown or resolved."""

    text: str
    severity: str
    since_ms: int
    cluster: str = ""
    state: str = FIRING


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, stored as JSON in OutboxMessage.body. Nothing in it is escaped for any product.

    Every text is one line without control characters. The last fields are no words: by them the next
    message of the group knows what this one told.
    """

    id: str
    group: str
    state: str
    severity: str
    rule: str
    title: str
    sentence: str
    where: list[str]
    since_ms: int
    until_ms: int | None = None
    count: int = 1
    items: list[Item] = []
    more: int = 0
    advice: str = ""
    command: str = ""
    runbook_url: str = ""
    url: str = ""
    labels: dict[str, str] = {}
    sequence: int = 1
    time_zone: str = "UTC"
    taken_by: str = ""
    at_ms: int = 0
    digest: str = ""
    """Of what it tells: nobody is told the same twice."""
    resolved_until_ms: dict[str, int] = {}
    """By cluster, until when this message and those before it told what was resolved."""
    format: int = FORMAT


def stored(message: Message) -> dict[str, Any]:
    """A message as OutboxMessage.body keeps it."""
    built: dict[str, Any] = msgspec.to_builtins(message)
    return built


def restored(body: Mapping[str, Any]) -> Message:
    """A message from its stored form. Raises ValueError where a newer release wrote it."""
    if body.get("format", FORMAT) != FORMAT:
        raise ValueError(f"A message of format {body['format']} was stored by a newer release than this one.")
    return msgspec.convert(body, Message)
