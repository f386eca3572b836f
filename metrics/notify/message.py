"""What one destination shall be told about one group, in words, before any product's form. Pure."""

import msgspec

FIRING = "firing"
UPDATE = "update"
UNKNOWN = "unknown"
RESOLVED = "resolved"
FIRED_AND_RESOLVED = "fired_and_resolved"
TEST = "test"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One affected thing: a line of the message."""

    text: str
    severity: str
    since_ms: int
    cluster: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, stored as JSON in OutboxMessage.body. Nothing in it is escaped for any product."""

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
