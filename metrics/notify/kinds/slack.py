"""Slack's incoming webhooks: Block Kit, with the title as text for the phone. Pure.

Names of strangers stand in plain text objects, where Slack looks for nothing; what has to be marked up is
escaped. Limits are those Slack documents for blocks and for an incoming webhook.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from metrics.notify.addresses import web_address
from metrics.notify.kinds.answers import delivered, judged
from metrics.notify.kinds.kind import (
    FAILED_FOR_GOOD,
    GONE,
    PLAIN,
    DestinationKind,
    OutboundAnswer,
    OutboundRequest,
    Target,
    Verdict,
)
from metrics.notify.lines import Fact, facts, item_lines, plain_lines, shape
from metrics.notify.message import Message
from metrics.notify.texts import fitted, one_line, unmentioned, unquoted

LONGEST_HEADER = 150
LONGEST_SECTION = 3_000
LONGEST_FIELD = 2_000
LONGEST_TEXT = 4_000
"""Slack takes 40,000, but may split what is longer than this."""
MOST_FIELDS = 10

_FORM = "https://hooks.slack.com/services/T…/B…/…"
_WORD = re.compile(r"[a-z_]{2,60}")


def _request(message: Message, target: Target) -> OutboundRequest:
    title = _escaped(f"{shape(message)} {message.title}", LONGEST_TEXT)
    return _posted(target, {"text": title, "blocks": _blocks(message)})


def _plain(message: Message, target: Target) -> OutboundRequest:
    """Text alone: an error in our blocks must not cost the alert."""
    return _posted(target, {"text": _escaped_lines(plain_lines(message), LONGEST_TEXT)})


def _posted(target: Target, payload: dict[str, Any]) -> OutboundRequest:
    literal = {"mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}
    return OutboundRequest(
        url=target.url,
        headers={"content-type": "application/json"},
        body=msgspec.json.encode({**payload, **literal}),
    )


def _blocks(message: Message) -> list[dict[str, Any]]:
    blocks = [
        {"type": "header", "text": _text([f"{shape(message)} {message.title}"], LONGEST_HEADER)},
        _section([message.sentence]),
        {"type": "section", "fields": [_field(fact) for fact in facts(message)[:MOST_FIELDS]]},
        _section(item_lines(message)),
        _section([message.advice]),
        _marked(f"```{_code(message.command)}```" if message.command else ""),
        _context(message),
    ]
    return [block for block in blocks if block]


def _section(lines: Sequence[str]) -> dict[str, Any]:
    """A section of literal lines; nothing for no lines."""
    lines = [line for line in lines if line]
    return {"type": "section", "text": _text(lines, LONGEST_SECTION)} if lines else {}


def _text(lines: Sequence[str], limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _escaped_lines(lines, limit) or "–", "emoji": False}


def _field(fact: Fact) -> dict[str, Any]:
    return _text([f"{fact.label}:", fact.value], LONGEST_FIELD)


def _marked(text: str) -> dict[str, Any]:
    """A section in Slack's markup; what comes from elsewhere is escaped already."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}} if text else {}


def _context(message: Message) -> dict[str, Any]:
    links = [_link(message.url, "Open in Topmast")]
    if message.runbook_url:
        links.append(_link(message.runbook_url, "Runbook"))
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": link, "verbatim": True} for link in links],
    }


def _link(url: str, called: str) -> str:
    """`|` and `>` would end the address within the markup."""
    return f"<{_entities(url).replace('|', '%7C')}|{called}>"


def _code(text: str) -> str:
    return _escaped(unquoted(text), LONGEST_SECTION - 6)


def _escaped_lines(lines: Sequence[str], limit: int) -> str:
    return fitted("\n".join(one_line(line, limit) for line in lines), limit, _literal)


def _escaped(text: str, limit: int) -> str:
    return fitted(one_line(text, limit), limit, _literal)


def _literal(text: str) -> str:
    return _entities(unmentioned(text))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _judge(answer: OutboundAnswer) -> Verdict:
    body = answer.body.decode(errors="replace").strip()
    if answer.status == 200 and body == "ok":
        return delivered(answer)
    said = f"Slack answered {answer.status}{f' {body}' if _WORD.fullmatch(body) else ''}."
    if answer.status == 400:
        return Verdict(PLAIN, said)
    if answer.status == 403:
        return Verdict(FAILED_FOR_GOOD, f"{said} Somebody who runs the workspace has to allow it.")
    if answer.status in (404, 410):
        return Verdict(GONE, f"{said} Make a new webhook in Slack and give its address.")
    return judged(answer)


def _check(url: str) -> None:
    # Any host: other products take the very same form.
    if len(web_address(url).target) < 2:
        raise ValueError(f"has no path; it looks like {_FORM}")


KIND = DestinationKind(
    name="slack",
    label="Slack",
    ask=f"The address of an incoming webhook, {_FORM}: in Slack, Apps, Incoming Webhooks, Add to a channel.",
    check_address=_check,
    request=_request,
    plain=_plain,
    judge=_judge,
    least_gap_ms=1_000,
)
