"""50,000 names that nobody should give, and messages full of them. The same each time."""

import functools
import random

import msgspec

from metrics.notify.facts import GroupFacts, MemberFacts, RuleWords
from metrics.notify.message import Message
from tests.metrics.notify.builders import GROUP, NOW_MS, a_message, a_node, ended

COUNT = 50_000
_MEMBERS = 10

_MENTIONS = [
    "@here", "@channel", "@everyone", "@all", "@Everyone", "@group", "<!channel>", "<!here|here>",
    "<!everyone>", "<!subteam^S123|oncall>", "<@U024BE7LH>", "<@&81384788765712384>",
    "<#C024BE7LR>", "<@!80351110224678912>", "<t:1618953630:R>", "</clear:1>", "~town-square",
    "@bob", "@sha256:1f", "a@b.example", "@ops.@oncall", "@@here", "@\u200bhere", "\u200b@here",
    "&lt;!channel&gt;", "&#64;here", "\\@here", "\\<!here>", "@\nhere", "@\u2060all",
]  # fmt: skip
_MARKUP = [
    "*bold*", "_it_", "~~gone~~", "`code`", "```\nblock\n```", "[click](https://evil.example)",
    "||spoiler||", "<https://evil.example|click>", "![x](https://evil.example/x.png)", "# head",
    "- list", "1. one", "1) one", "> quote", "--- ", "===", "-# small", "| a | b |", ":fire:",
    ":regional_indicator_a:", "$\\LaTeX$", "\\", "\\\\", "`", "```", "*",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</pre><h1>", "' onload='",
    '" onload="', "&", "&amp;", "{{ 7 * 7 }}", "{0.__class__}", "%(name)s", "%s", "${x}",
    "{% include x %}", "javascript:alert(1)", "<!--", "]]>",
]  # fmt: skip
_LINES = [
    "\n", "\r\n", "\r\nBcc: all@example.org\r\n\r\nBuy", "\n.\n", "\u2028", "\u2029", "\x0b",
    "\x85", "\0", "\x1b[31m", "\x07", "\t", "=?utf-8?q?x?=",
    "\r\n--topmast-0d9f7c52-8f0c-4d53-8f44-000000000001--\r\n",
]  # fmt: skip
_LETTERS = [
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "e\u0301" * 30, "\u202egnp.exe", "\u2066x\u2069", "שלום", "مرحبا",
    "\ud800", "\udfff\ud800", "\ufeff", "\u200b", "\u200d", "\u00ad", "\ufffe", "\U0010ffff",
    "\U000e0041", "漢字", "ﷺ", "Z" + "\u0334" * 80, "ⅷ", "＠here", "＜!channel＞", "\u3164", "İ", "ß",
    "ﬀ",
]  # fmt: skip
_PIECES = _MENTIONS + _MARKUP + _LINES + _LETTERS
_WORDS = ["web", "cart-7d9f", "prod", "kube-system", "ip-10-4-118", "report-nightly"]


def odd_name(chance: random.Random) -> str:
    """One name: some pieces, or any letters, or ten thousand of one."""
    sort = chance.random()
    if sort < 0.01:
        return chance.choice([*_PIECES, "x", "🙂", "@", "<", "&", "*", '"', "\\"]) * 10_000
    if sort < 0.3:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(1, 40)))
    pieces = chance.choices(_PIECES + _WORDS, k=chance.randrange(1, 5))
    return chance.choice(["", " ", "-", "."]).join(pieces)[:10_000]


@functools.cache
def odd_messages() -> tuple[Message, ...]:
    """Messages that hold each of the names at a place where it is shown."""
    chance = random.Random(4)
    messages: list[Message] = []
    used = 0
    while used < COUNT:
        members = [_member(chance, number) for number in range(_MEMBERS)]
        used += 2 * _MEMBERS + 7
        messages.append(_message(chance, members))
    return tuple(messages)


def _member(chance: random.Random, number: int) -> MemberFacts:
    return a_node(
        number,
        name=odd_name(chance),
        cluster_name=odd_name(chance),
        severity=chance.choice(["critical", "warning", "info"]),
    )


def _message(chance: random.Random, members: list[MemberFacts]) -> Message:
    first, second, third, advice, command, person, label = (odd_name(chance) for _ in range(7))
    members[0] = msgspec.structs.replace(members[0], namespace=second, workload=f"Deployment/{third}")
    rules = {
        "node-not-ready": RuleWords(
            name=label,
            sentence=lambda params, count: f"{first} is not ready",
            advice=lambda params: advice,
            command=lambda params: command,
            runbook_url=f"https://runbooks.example.org/{label}",
            labels={label: person},
        )
    }
    group = GroupFacts(uuid=GROUP, taken_by=person, resolved_by_hand=person)
    message = a_message(*members, rules=rules, group=group)
    if chance.random() < 0.3:
        message = a_message(
            *(ended(member, NOW_MS + 1) for member in members), rules=rules, group=group, before=message
        )
    return message
