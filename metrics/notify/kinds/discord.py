"""Discord's webhooks, by the form it takes from Slack's programs (`/slack`). Pure.

That form has no field that forbids mentions, so every one is broken. Discord makes an embed of each
attachment and refuses the whole message where one of an embed's limits is passed.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from metrics.notify.addresses import web_address
from metrics.notify.kinds.answers import clamped_ms, delivered, judged
from metrics.notify.kinds.kind import (
    FAILED_FOR_GOOD,
    GONE,
    PLAIN,
    RETRY,
    DestinationKind,
    OutboundAnswer,
    OutboundRequest,
    Target,
    Verdict,
)
from metrics.notify.lines import Fact, colour, facts, item_lines, plain_lines, shape
from metrics.notify.message import Message
from metrics.notify.texts import fitted, one_line, unmentioned, unquoted

LONGEST_CONTENT = 2_000
LONGEST_TITLE = 256
LONGEST_DESCRIPTION = 4_096
LONGEST_FIELD = 1_024
LONGEST_EMBED = 6_000
"""Title, description and fields together."""
_LONGEST_BODY = 2_700
_LONGEST_VALUE = 400
_LONGEST_COMMAND = 800

_SUFFIX = "/slack"
_FORM = "https://discord.com/api/webhooks/ID/KEY/slack"
_PATH = re.compile(r"/api(?:/v\d+)?/webhooks/\d+/[\w-]+(?:/slack)?/?(?:$|\?)")
_MARKS = re.compile(r"([\\`*_\[\]|~])")
_AT_START = re.compile(r"^(\s*\d*)([-+=#.)])", re.MULTILINE)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_ANGLES = str.maketrans("<>", "‹›")
"""Discord makes links, mentions and times of what stands between angles, by rules it does not tell."""
_EMOJI = re.compile(r":(?=[\w+-]+:)")


def _request(message: Message, target: Target) -> OutboundRequest:
    title = f"{shape(message)} {message.title}"
    attachment = {
        "fallback": _escaped([message.title], LONGEST_TITLE),
        "color": colour(message),
        "title": "Open in Topmast",
        "title_link": message.url,
        "text": _body(message),
        "fields": [_field(fact) for fact in facts(message)],
    }
    return _posted(target, {"text": _escaped([title], LONGEST_CONTENT), "attachments": [attachment]})


def _plain(message: Message, target: Target) -> OutboundRequest:
    return _posted(target, {"text": _escaped(plain_lines(message), LONGEST_CONTENT)})


def _posted(target: Target, payload: dict[str, Any]) -> OutboundRequest:
    address, mark, query = target.url.partition("?")
    address = address.rstrip("/")
    if not address.endswith(_SUFFIX):
        address += _SUFFIX
    return OutboundRequest(
        url=f"{address}{mark}{query}",
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(payload),
    )


def _body(message: Message) -> str:
    lines = [message.sentence, *item_lines(message), message.advice]
    parts = [_escaped([line for line in lines if line], _LONGEST_BODY)]
    if message.command:
        parts.append(f"```\n{_code(message.command)}\n```")
    if message.runbook_url:
        parts.append(f"Runbook: {message.runbook_url}")
    return "\n".join(parts)


def _field(fact: Fact) -> dict[str, Any]:
    return {"title": fact.label, "value": _escaped([fact.value], _LONGEST_VALUE), "short": True}


def _code(text: str) -> str:
    return fitted(unquoted(one_line(text)), _LONGEST_COMMAND, _unmentioned)


def _escaped(lines: Sequence[str], limit: int) -> str:
    """Lines as Discord's Markdown that shows exactly them."""
    return fitted("\n".join(one_line(line, limit) for line in lines), limit, _literal)


def _literal(text: str) -> str:
    text = _AT_START.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text))
    text = _ENTITY.sub("&\u200b", text)
    return _EMOJI.sub(":\u200b", _unmentioned(text))


def _unmentioned(text: str) -> str:
    """Without what calls people, roles and channels: @everyone anywhere, and whatever stands in angles."""
    return unmentioned(text).translate(_ANGLES)


def _judge(answer: OutboundAnswer) -> Verdict:
    if 200 <= answer.status < 300:
        return delivered(answer)
    if answer.status == 400:
        return Verdict(PLAIN, "Discord answered 400 Bad Request.")
    if answer.status == 401:
        return Verdict(FAILED_FOR_GOOD, "Discord answered 401: the key in the address is wrong.")
    if answer.status in (404, 410):
        return Verdict(
            GONE,
            f"Discord answered {answer.status}: the webhook is deleted. Make a new one, give its address.",
        )
    verdict = judged(answer)
    wait_ms = _wait_ms(answer)
    if verdict.outcome != RETRY or wait_ms is None:
        return verdict
    return Verdict(RETRY, verdict.sentence, retry_after_ms=max(wait_ms, verdict.retry_after_ms or 0))


class _Limited(msgspec.Struct):
    retry_after: float


def _wait_ms(answer: OutboundAnswer) -> int | None:
    """Seconds as a fraction, in the body; the header has them rounded."""
    try:
        wait_ms = msgspec.json.decode(answer.body, type=_Limited).retry_after * 1000
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return clamped_ms(wait_ms)


def _check(url: str) -> None:
    if not _PATH.match(web_address(url).target):
        raise ValueError(f"is not that of a webhook; it looks like {_FORM}")


KIND = DestinationKind(
    name="discord",
    label="Discord",
    ask=f"The address of a webhook, {_FORM}: in Discord, Server Settings, Integrations, Webhooks, Copy URL.",
    check_address=_check,
    request=_request,
    plain=_plain,
    judge=_judge,
    least_gap_ms=1_000,
)
