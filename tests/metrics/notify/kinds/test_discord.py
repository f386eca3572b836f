"""Messages as Discord takes them in Slack's form."""

import json
from typing import Any

import pytest

from metrics.notify.facts import GroupFacts, RuleWords
from metrics.notify.kinds.discord import (
    KIND,
    LONGEST_CONTENT,
    LONGEST_DESCRIPTION,
    LONGEST_EMBED,
    LONGEST_FIELD,
    LONGEST_TITLE,
)
from metrics.notify.kinds.kind import OutboundRequest, Target
from metrics.notify.message import Message
from metrics.notify.texts import length
from tests.metrics.notify.builders import GROUP, a_message, a_node, ended
from tests.metrics.notify.kinds.markdown import CALLS, marks_in, shown

ADDRESS = "https://discord.com/api/webhooks/80351110224678912/k-3_y"
URL = f"https://topmast.example.org/alerts/{GROUP}/"


def sent(message: Message, url: str = ADDRESS, *, is_plain: bool = False) -> OutboundRequest:
    assert KIND.plain is not None
    request = KIND.plain(message, Target(url=url)) if is_plain else KIND.request(message, Target(url=url))
    assert isinstance(request, OutboundRequest)
    return request


def posted(message: Message, *, is_plain: bool = False) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(sent(message, is_plain=is_plain).body)
    return payload


def parted(text: str) -> tuple[str, str, str]:
    """The lines, the command and the link of an attachment's text."""
    lines, _, rest = text.partition("\n```\n")
    if not rest:
        lines, mark, link = lines.partition("\nRunbook: ")
        return lines, "", mark + link
    command, _, link = rest.partition("\n```")
    return lines, command, link


def test_the_phone_shows_how_bad_what_and_where() -> None:
    payload = posted(a_message(*(a_node(number) for number in range(6))))

    assert payload["text"] == "◆ Critical: 6 nodes are not ready · prod-us-east-2"
    assert payload["attachments"][0]["title_link"] == URL


def test_the_form_has_none_of_the_fields_that_discord_does_not_know() -> None:
    payload = posted(a_message(a_node(1)))

    assert not {"channel", "icon_emoji", "mrkdwn", "mrkdwn_in", "blocks"} & {
        *payload,
        *payload["attachments"][0],
    }


def test_the_end_says_how_long_it_lasted() -> None:
    payload = posted(a_message(ended(a_node(1)), before=a_message(a_node(1))))

    assert payload["text"] == "● Resolved after 8 min: ip-10-4-1 is not ready · prod-us-east-2"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (ADDRESS, f"{ADDRESS}/slack"),
        (f"{ADDRESS}/slack", f"{ADDRESS}/slack"),
        (f"{ADDRESS}/slack/", f"{ADDRESS}/slack"),
        (f"{ADDRESS}?thread_id=7", f"{ADDRESS}/slack?thread_id=7"),
    ],
)
def test_either_form_of_the_address_leads_to_slacks_form(given: str, used: str) -> None:
    KIND.check_address(given)

    assert sent(a_message(a_node(1)), given).url == used
    assert sent(a_message(a_node(1)), given, is_plain=True).url == used


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/channels/1/2",
        "https://discord.com/api/webhooks/abc/key",
        "discord.com",
        f"{ADDRESS}/github",
    ],
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        KIND.check_address(url)


def test_50_000_odd_names_stay_within_an_embed_and_are_only_text(strange: tuple[Message, ...]) -> None:
    for message in strange:
        payload = posted(message)
        attachment = payload["attachments"][0]
        lines, command, link = parted(attachment["text"])
        fields = attachment["fields"]
        check_limits(payload)
        for text in (payload["text"], lines, *(field["value"] for field in fields)):
            assert marks_in(text) == "", text
        assert not {"`", "<", "\n"} & set(command)
        assert not CALLS.search(command)
        assert link == "" or link.startswith("\nRunbook: https://runbooks.example.org/")
        assert not set(link.removeprefix("\nRunbook: ")) & set("()[]<>@ \n")


def check_limits(payload: dict[str, Any]) -> None:
    attachment = payload["attachments"][0]
    fields = attachment["fields"]
    assert length(payload["text"]) <= LONGEST_CONTENT
    assert "\n" not in payload["text"]
    assert max(length(attachment["title"]), length(attachment["fallback"])) <= LONGEST_TITLE
    assert length(attachment["text"]) <= LONGEST_DESCRIPTION
    assert len(fields) <= 25
    assert all(0 < length(field["value"]) <= LONGEST_FIELD for field in fields)
    told = [attachment["title"], attachment["text"], *(field["title"] + field["value"] for field in fields)]
    assert sum(map(length, told)) <= LONGEST_EMBED


def test_50_000_odd_names_are_only_text_as_plain_text(strange: tuple[Message, ...]) -> None:
    for message in strange:
        text = posted(message, is_plain=True)["text"]
        assert len(text) <= LONGEST_CONTENT
        assert marks_in(text) == "", text


def test_marks_in_names_are_shown_as_they_are() -> None:
    text = posted(a_message(a_node(1, params={"node": "*a*_b_ [c](d) ||e|| ~~f~~ `g`"})))["text"]

    assert "*a*_b_ [c](d) ||e|| ~~f~~ `g`" in shown(text)


@pytest.mark.parametrize("letter", ["&", '"', "x", "*", "@a ", "\U0001f9d1"])
def test_a_message_with_the_longest_of_everything_fits_an_embed(letter: str) -> None:
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

    check_limits(posted(message))
