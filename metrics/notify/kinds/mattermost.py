"""Mattermost's incoming webhooks: the title as text for the phone, the rest as an attachment. Pure.

Everything is Markdown there: each character that could mark something up is escaped. Servers before 5.0 take
7,900 characters of attachments, so that is what is sent to all.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from metrics.notify.addresses import web_address
from metrics.notify.kinds.answers import delivered, judged
from metrics.notify.kinds.kind import (
    GONE,
    PLAIN,
    DestinationKind,
    OutboundAnswer,
    OutboundRequest,
    Target,
    Verdict,
)
from metrics.notify.lines import Fact, colour, facts, item_lines, plain_lines, shape
from metrics.notify.message import Message
from metrics.notify.texts import broken, fitted, length, one_line, unmentioned, unquoted

LONGEST_POST = 4_000
"""Of the text itself: what old servers take of one post."""
LONGEST_ATTACHMENTS = 7_900
_BODIES = (4_000, 2_500, 1_500, 500)
"""What is tried of the text, until the whole fits; with the last, there is no room for a command."""
_LONGEST_FIELD = 500
_LONGEST_COMMAND = 800

_FORM = "https://HOST/hooks/KEY"
_PATH = re.compile(r"/hooks/\w+")
_MARKS = re.compile(r"([\\`*_\[\]|~#])")
_AT_START = re.compile(r"^(\s*\d*)([-+=.)])", re.MULTILINE)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_ANGLES = str.maketrans("<>", "‹›")
"""Slack's markup stands between angles, and Mattermost reads that too: `<!channel>` calls everybody."""
_EMOJI = re.compile(r":(?=[\w+-]+:)")
_ERROR = re.compile(r"[a-z_.]{3,100}")


def _request(message: Message, target: Target) -> OutboundRequest:
    title = _escaped([f"{shape(message)} {message.title}"], LONGEST_POST)
    sized = (_attachments(message, limit) for limit in _BODIES)
    fitting = next((one for one in sized if _length(one) <= LONGEST_ATTACHMENTS), None)
    return _posted(target, {"text": title, "attachments": fitting} if fitting else {"text": title})


def _length(attachments: list[dict[str, Any]]) -> int:
    """As the server keeps them: in JSON, where its language spells some signs with six letters."""
    text = msgspec.json.encode(attachments).decode()
    return length(text) + 5 * sum(text.count(sign) for sign in "&<>\u2028\u2029")


def _attachments(message: Message, limit: int) -> list[dict[str, Any]]:
    attachment = {
        "fallback": _unmentioned(one_line(message.title)),
        "color": colour(message),
        "title": "Open in Topmast",
        "title_link": message.url,
        "text": _body(message, limit),
        "fields": [_field(fact, min(_LONGEST_FIELD, limit // 5)) for fact in facts(message)],
    }
    return [attachment]


def _plain(message: Message, target: Target) -> OutboundRequest:
    return _posted(target, {"text": _escaped(plain_lines(message), LONGEST_POST)})


def _posted(target: Target, payload: dict[str, Any]) -> OutboundRequest:
    return OutboundRequest(
        url=target.url,
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(payload),
    )


def _body(message: Message, limit: int) -> str:
    lines = [message.sentence, *item_lines(message), message.advice]
    parts = [_escaped([line for line in lines if line], limit)]
    if message.command and limit > _BODIES[-1]:
        parts.append(f"```\n{_code(message.command)}\n```")
    if message.runbook_url:
        parts.append(f"[Runbook]({message.runbook_url})")
    return "\n".join(parts)


def _field(fact: Fact, limit: int) -> dict[str, Any]:
    return {"title": fact.label, "value": _escaped([fact.value], limit), "short": True}


def _code(text: str) -> str:
    return fitted(unquoted(one_line(text)), _LONGEST_COMMAND, _unmentioned)


def _escaped(lines: Sequence[str], limit: int) -> str:
    """Lines as Markdown that shows exactly them; a line's end is kept by two spaces."""
    return fitted("\n".join(one_line(line, limit) for line in lines), limit, _literal)


def _literal(text: str) -> str:
    text = _AT_START.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text))
    text = _ENTITY.sub("&\u200b", text)
    return _EMOJI.sub(":\u200b", _unmentioned(text)).replace("\n", "  \n")


def _unmentioned(text: str) -> str:
    """`~name` leads to a channel, `@name` calls somebody."""
    return broken(unmentioned(text), "~").translate(_ANGLES)


def _judge(answer: OutboundAnswer) -> Verdict:
    if answer.status == 200 and answer.body.strip() == b"ok":
        return delivered(answer)
    said = f"Mattermost answered {answer.status}{_error(answer)}."
    if answer.status == 400:
        return Verdict(PLAIN, said)
    if answer.status in (404, 410):
        return Verdict(GONE, f"{said} Make a new incoming webhook in Mattermost and give its address.")
    return judged(answer)


def _error(answer: OutboundAnswer) -> str:
    """The name of the error. Its sentence may hold anything."""
    try:
        name = str(msgspec.json.decode(answer.body, type=dict[str, Any]).get("id", ""))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f" {name}" if _ERROR.fullmatch(name) else ""


def _check(url: str) -> None:
    if not _PATH.search(web_address(url).target):
        raise ValueError(f"has no /hooks/ and key in its path; it looks like {_FORM}")


KIND = DestinationKind(
    name="mattermost",
    label="Mattermost",
    ask=f"The address of an incoming webhook, {_FORM}: in Mattermost, Integrations, Incoming Webhooks.",
    check_address=_check,
    request=_request,
    plain=_plain,
    judge=_judge,
    least_gap_ms=200,
)
