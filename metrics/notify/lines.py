"""A message as lines that every product can show: shape, facts, affected things, link. Pure, nothing escaped.

Shapes are those of the pages: a word stands beside each, and colour is never the only sign.
"""

from typing import NamedTuple

from metrics.notify import message as tells
from metrics.notify.message import Item, Message
from metrics.notify.moments import clock, span

_SHAPES = {"critical": "◆", "warning": "▲", "info": "○", "test": "□"}
_UNKNOWN = "◌"
_OVER = "●"
_COLOURS = {"critical": "#d92d3a", "warning": "#c98500", "info": "#1d5fd1", "test": "#1d5fd1"}
_UNKNOWN_COLOUR = "#6b7280"
_OVER_COLOUR = "#138a72"


class Fact(NamedTuple):
    """One thing to know, and what it is called."""

    label: str
    value: str


def shape(message: Message) -> str:
    """What stands before the title."""
    return _of_state(message.state, _OVER, _UNKNOWN) or _SHAPES.get(message.severity, "○")


def colour(message: Message) -> str:
    """The colour of the bar beside it, where a product has one."""
    return _of_state(message.state, _OVER_COLOUR, _UNKNOWN_COLOUR) or _COLOURS.get(
        message.severity, _UNKNOWN_COLOUR
    )


def _of_state(state: str, over: str, unknown: str) -> str:
    if state in tells.OVER:
        return over
    return unknown if state == tells.UNKNOWN else ""


def facts(message: Message) -> list[Fact]:
    """Where, since when, how many, and who is on it."""
    found = [Fact("Where", ", ".join(message.where)), Fact("Since", _clock(message, message.since_ms))]
    if message.until_ms is not None:
        lasted = span(message.until_ms - message.since_ms)
        found.append(Fact("Until", f"{_clock(message, message.until_ms)} (lasted {lasted})"))
    if message.count > 1:
        found.append(Fact("How many", f"{message.count:,}"))
    if message.state not in (*tells.OVER, tells.TEST):
        found.append(Fact("On it", message.taken_by or "Nobody yet"))
    return [fact for fact in found if fact.value]


def item_lines(message: Message) -> list[str]:
    """A line for each affected thing, and one for those that are not listed.

    None where there is but one thing, which the sentence has named.
    """
    if len(message.items) == 1 and not message.more and _name_of(message.items[0]) in message.sentence:
        return []
    lines = [_item_line(message, item) for item in message.items]
    return [*lines, f"+{message.more:,} more"] if message.more else lines


def _name_of(item: Item) -> str:
    return item.text.rpartition("/")[2].rpartition(" ")[2]


def _item_line(message: Message, item: Item) -> str:
    word = _of_state(item.state, "resolved", "cannot be read")
    mark = _of_state(item.state, _OVER, _UNKNOWN) or _SHAPES.get(item.severity, "○")
    has_many = len({one.cluster for one in message.items}) > 1
    parts = [item.text, item.cluster if has_many else "", word or f"since {_clock(message, item.since_ms)}"]
    return f"{mark} {' · '.join(part for part in parts if part)}"


def plain_lines(message: Message) -> list[str]:
    """The whole message as lines of text: title, sentence, facts, things, what to do, link."""
    lines = [f"{shape(message)} {message.title}", message.sentence]
    lines += [f"{label}: {value}" for label, value in facts(message)]
    lines += item_lines(message)
    lines += [line for line in (message.advice, message.command, message.runbook_url) if line]
    return [*lines, message.url]


def _clock(message: Message, at_ms: int) -> str:
    return clock(at_ms, zone=message.time_zone, beside_ms=message.at_ms)
