"""Messages as Mattermost takes them."""

import json
import re
from typing import Any

import pytest

from metrics.notify.facts import GroupFacts, RuleWords
from metrics.notify.kinds.kind import OutboundRequest, Target
from metrics.notify.kinds.mattermost import KIND, LONGEST_ATTACHMENTS, LONGEST_POST
from metrics.notify.message import Message
from tests.metrics.notify.builders import GROUP, a_message, a_node, ended
from tests.metrics.notify.kinds.markdown import CALLS, marks_in, shown

TARGET = Target(url="https://chat.example.org/hooks/k3y")
CHANNEL = re.compile(r"~\w")
URL = f"https://topmast.example.org/alerts/{GROUP}/"


def posted(message: Message, *, is_plain: bool = False) -> dict[str, Any]:
    assert KIND.plain is not None
    request = KIND.plain(message, TARGET) if is_plain else KIND.request(message, TARGET)
    assert isinstance(request, OutboundRequest)
    payload: dict[str, Any] = json.loads(request.body)
    return payload


def as_go_keeps_it(value: Any) -> int:
    """How many letters Mattermost's own JSON of a value has."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text) + sum(5 for letter in text if letter in "&<>\u2028\u2029")


def parted(text: str) -> tuple[str, str, str]:
    """The lines, the command and the link of an attachment's text."""
    lines, _, rest = text.partition("\n```\n")
    command, _, link = rest.partition("\n```")
    if not rest:
        lines, mark, link = lines.partition("\n[Runbook](")
        return lines, "", mark + link
    return lines, command, link


def test_the_phone_shows_how_bad_what_and_where() -> None:
    payload = posted(a_message(*(a_node(number) for number in range(6))))

    assert payload["text"] == "◆ Critical: 6 nodes are not ready · prod-us-east-2"
    assert payload["attachments"][0]["fallback"] == "Critical: 6 nodes are not ready · prod-us-east-2"


def test_an_attachment_has_colour_sentence_things_command_facts_and_link() -> None:
    attachment = posted(a_message(*(a_node(number) for number in range(12))))["attachments"][0]
    lines, command, link = parted(attachment["text"])

    assert attachment["color"] == "#d92d3a"
    assert attachment["title_link"] == URL
    assert lines.splitlines()[0] == "12 nodes are not ready.  "
    assert lines.splitlines()[11] == "\\+2 more  "
    assert command == "kubectl describe node ip-10-4-0"
    assert link == "\n[Runbook](https://runbooks.example.org/node-not-ready)"
    assert [(field["title"], field["value"]) for field in attachment["fields"]] == [
        ("Where", "prod-us-east-2"),
        ("Since", "14:17 UTC"),
        ("How many", "12"),
        ("On it", "Nobody yet"),
    ]


def test_the_end_is_green_and_says_how_long_it_lasted() -> None:
    payload = posted(a_message(ended(a_node(1)), before=a_message(a_node(1))))

    assert payload["text"] == "● Resolved after 8 min: ip-10-4-1 is not ready · prod-us-east-2"
    assert payload["attachments"][0]["color"] == "#138a72"


def test_plain_text_is_the_whole_message_without_attachments() -> None:
    payload = posted(a_message(a_node(1)), is_plain=True)

    assert list(payload) == ["text"]
    assert shown(payload["text"]).splitlines()[-1] == URL


def test_marks_in_names_are_shown_as_they_are() -> None:
    text = posted(a_message(a_node(1, params={"node": "*a*_b_ [c](d) #e 1. `f`"})))["text"]

    assert marks_in(text) == ""
    assert "*a*_b_ [c](d) #e 1. `f`" in shown(text)


def test_50_000_odd_names_stay_within_limits_and_are_only_text(strange: tuple[Message, ...]) -> None:
    for message in strange:
        payload = posted(message)
        attachment = payload["attachments"][0]
        lines, command, link = parted(attachment["text"])
        assert len(payload["text"]) <= LONGEST_POST
        assert as_go_keeps_it(payload["attachments"]) <= LONGEST_ATTACHMENTS
        assert "\n" not in payload["text"]
        for text in (payload["text"], lines, *(field["value"] for field in attachment["fields"])):
            assert marks_in(text) == "", text
            assert not CHANNEL.search(text), text
        assert not {"`", "<", "\n"} & set(command)
        assert not CALLS.search(command)
        assert link == "" or link.startswith("\n[Runbook](https://runbooks.example.org/")
        assert not set(link[12:-1]) & set("()[]<>@ \n")


def test_50_000_odd_names_are_only_text_as_plain_text(strange: tuple[Message, ...]) -> None:
    for message in strange:
        text = posted(message, is_plain=True)["text"]
        assert len(text) <= LONGEST_POST
        assert marks_in(text) == "", text


@pytest.mark.parametrize("url", ["https://chat.example.org/hooks/k3y", "https://example.org/chat/hooks/k3y"])
def test_addresses_of_incoming_webhooks_are_taken(url: str) -> None:
    KIND.check_address(url)


@pytest.mark.parametrize(
    "url", ["https://chat.example.org/", "https://chat.example.org/hooks/", "chat.example.org/hooks/k"]
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        KIND.check_address(url)


@pytest.mark.parametrize("letter", ["&", '"', "x", "*", "@a ", "\U0001f9d1"])
def test_a_message_with_the_longest_of_everything_fits_an_attachment(letter: str) -> None:
    wide = letter * 1_000
    members = [a_node(n, name=f"{n}{wide}", cluster_name=f"{n}{wide}", namespace=wide) for n in range(12)]
    words = RuleWords(
        name=wide,
        sentence=lambda params, count: wide,
        advice=lambda params: wide,
        command=lambda params: letter * (600 // len(letter.encode())),
        runbook_url="https://runbooks.example.org/" + "r" * 450,
    )
    group = GroupFacts(uuid=GROUP, taken_by=wide)
    message = a_message(*members, rules={"node-not-ready": words}, group=group)

    attachments = posted(message)["attachments"]
    assert as_go_keeps_it(attachments) <= LONGEST_ATTACHMENTS
    assert attachments[0]["title_link"] == URL
