"""Messages as Slack takes them, judged by Slack's own models."""

import json
import re
from typing import Any

import msgspec
import pytest
from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, SectionBlock

from metrics.notify.kinds.kind import OutboundRequest, Target
from metrics.notify.kinds.slack import KIND, LONGEST_FIELD, LONGEST_HEADER, LONGEST_SECTION, LONGEST_TEXT
from metrics.notify.message import Message
from tests.metrics.notify.builders import GROUP, a_message, a_node, ended

TARGET = Target(url="https://hooks.slack.com/services/T0/B0/k")
LINK = f"<https://topmast.example.org/alerts/{GROUP}/|Open in Topmast>"
RUNBOOK = re.compile(r"<https://runbooks\.example\.org/[!-~]*\|Runbook>")
CALLS = re.compile(r"@(here|channel|everyone|all)|(?<![A-Za-z0-9])@\w", re.IGNORECASE)


def posted(message: Message, *, is_plain: bool = False) -> dict[str, Any]:
    assert KIND.plain is not None
    request = KIND.plain(message, TARGET) if is_plain else KIND.request(message, TARGET)
    assert isinstance(request, OutboundRequest)
    assert request.url == TARGET.url
    payload: dict[str, Any] = json.loads(request.body)
    return payload


def texts_of(blocks: list[dict[str, Any]]) -> list[str]:
    """Every text of the blocks, whatever its kind."""
    found = []
    for block in blocks:
        found += [one["text"] for one in [*block.get("fields", []), *block.get("elements", [])]]
        if "text" in block:
            found.append(block["text"]["text"])
    return found


def test_the_phone_shows_how_bad_what_and_where() -> None:
    payload = posted(a_message(*(a_node(number) for number in range(6))))

    assert payload["text"] == "◆ Critical: 6 nodes are not ready · prod-us-east-2"
    assert payload["blocks"][0]["text"]["text"] == payload["text"]


def test_a_message_has_a_header_a_sentence_facts_things_advice_command_and_links() -> None:
    blocks = posted(a_message(*(a_node(number) for number in range(12))))["blocks"]

    assert [block["type"] for block in blocks] == ["header", *["section"] * 5, "context"]
    assert [field["text"] for field in blocks[2]["fields"]] == [
        "Where:\nprod-us-east-2",
        "Since:\n14:17 UTC",
        "How many:\n12",
        "On it:\nNobody yet",
    ]
    assert blocks[3]["text"]["text"].endswith("\n+2 more")
    assert blocks[5]["text"]["text"] == "```kubectl describe node ip-10-4-0```"
    assert blocks[6]["elements"][0]["text"] == LINK


def test_the_end_is_as_short_as_it_can_be() -> None:
    payload = posted(a_message(ended(a_node(1)), before=a_message(a_node(1))))

    assert payload["text"] == "● Resolved after 8 min: ip-10-4-1 is not ready · prod-us-east-2"
    assert [block["type"] for block in payload["blocks"]] == ["header", "section", "section", "context"]


def test_plain_text_is_the_whole_message_without_blocks() -> None:
    payload = posted(a_message(a_node(1)), is_plain=True)

    assert "blocks" not in payload
    assert payload["text"].splitlines()[0] == "◆ Critical: ip-10-4-1 is not ready · prod-us-east-2"
    assert payload["text"].endswith(f"/alerts/{GROUP}/")


@pytest.mark.parametrize("is_plain", [False, True])
def test_slack_looks_for_nothing_in_what_we_send(is_plain: bool) -> None:
    payload = posted(a_message(a_node(1)), is_plain=is_plain)

    assert not any(payload[name] for name in ("mrkdwn", "link_names", "unfurl_links", "unfurl_media"))


def test_50_000_odd_names_stay_within_slacks_models_and_call_nobody(strange: tuple[Message, ...]) -> None:
    for message in strange:
        payload = posted(message)
        blocks = payload["blocks"]
        for block in Block.parse_all(blocks):
            assert isinstance(block, HeaderBlock | SectionBlock | ContextBlock)
            block.validate_json()
        assert len(blocks) <= 50
        assert len(blocks[0]["text"]["text"]) <= LONGEST_HEADER
        assert all(len(text) <= LONGEST_SECTION for text in texts_of(blocks))
        assert len(blocks[2]["fields"]) <= 10
        assert all(len(field["text"]) <= LONGEST_FIELD for field in blocks[2]["fields"])
        assert all(1 <= len(text) <= LONGEST_TEXT for text in (payload["text"], *texts_of(blocks)))
        assert "\n" not in payload["text"]
        assert "\n" not in blocks[0]["text"]["text"]
        check_calls([payload["text"], *texts_of(blocks)])


def test_50_000_odd_names_call_nobody_as_plain_text(strange: tuple[Message, ...]) -> None:
    for message in strange:
        text = posted(message, is_plain=True)["text"]
        assert 1 <= len(text) <= LONGEST_TEXT
        check_calls([text])


def check_calls(texts: list[str]) -> None:
    """No markup but our own two links and code, no entity cut in half, and nobody is called."""
    for text in texts:
        bare = RUNBOOK.sub("", text.replace(LINK, ""))
        assert not set(bare) & set("<>"), bare
        assert "&" not in re.sub("&(amp|lt|gt);", "", bare), bare
        assert not CALLS.search(bare), bare


def test_only_our_own_command_is_marked_up(strange: tuple[Message, ...]) -> None:
    for message in strange[:200]:
        for block in posted(message)["blocks"]:
            if block.get("text", {}).get("type") == "mrkdwn":
                inside = block["text"]["text"].removeprefix("```").removesuffix("```")
                assert "`" not in inside


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/services/T0/B0/k",
        "https://chat.example.org:8443/hooks/1",
        "http://10.0.0.7/x",
    ],
)
def test_addresses_of_incoming_webhooks_are_taken(url: str) -> None:
    KIND.check_address(url)


def test_an_address_ends_neither_its_link_nor_begins_another() -> None:
    message = msgspec.structs.replace(a_message(a_node(1)), runbook_url="https://a.example/|x>&<!here>")
    link = posted(message)["blocks"][-1]["elements"][1]["text"]

    assert link == "<https://a.example/%7Cx&gt;&amp;&lt;!here&gt;|Runbook>"


@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com", "https://hooks.slack.com/", "hooks.slack.com/services/x", "x"]
)
def test_an_address_without_a_key_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        KIND.check_address(url)
