"""The messages, and that their description tells of all of them."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from django.conf import settings

from metrics.live import codes, messages
from metrics.live.messages import Nameplate, NotUnderstood, read_inbound, read_place

DESCRIPTION = Path(settings.BASE_DIR, "docs", "live-messages.md").read_text()


def described() -> dict[str, tuple[str, list[str]]]:
    """By the name of each Struct: its type, and its fields in order."""
    found = {}
    for section in re.split(r"^### ", DESCRIPTION, flags=re.MULTILINE)[1:]:
        heading = re.match(r"`(\w+)` \((\w+)\)", section)
        assert heading, section[:60]
        table = section.split("\n| --- | --- |\n")[1].split("\n\n")[0]
        found[heading[2]] = (heading[1], re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))
    return found


def declared() -> dict[str, tuple[str, list[str]]]:
    """The same from the code."""
    structs = messages.OUTBOUND + messages.INBOUND
    return {
        struct.__name__: (str(struct.__struct_config__.tag), list(struct.__struct_fields__))
        for struct in structs
    }


def test_the_description_tells_of_every_message_and_field() -> None:
    assert described() == declared()


def test_the_description_tells_of_every_close_code() -> None:
    for code, meaning in codes.MEANINGS.items():
        assert f"| {code} | {meaning} |" in DESCRIPTION


def test_a_big_fleet_comes_in_parts_that_together_are_the_whole() -> None:
    cards = [json.dumps({"id": str(number), "filler": "x" * 5_000}).encode() for number in range(210)]
    plates = {str(number): Nameplate(f"c-{number}", "", {}) for number in range(210)}

    texts = messages.fleet_picture_messages(at_ms=0, names=plates, cards=cards, fleet=b"{}")

    parts = [json.loads(text) for text in texts]
    assert [part["type"] for part in parts] == ["picture"] + ["frame"] * (len(parts) - 1)
    assert [card["id"] for part in parts for card in part["clusters"]] == [str(n) for n in range(210)]
    assert len(parts[0]["names"]) == 210
    assert max(map(len, texts)) < 512 * 1024


def test_a_fleet_of_nothing_is_a_picture_of_nothing() -> None:
    (text,) = messages.fleet_picture_messages(at_ms=0, names={}, cards=[], fleet=b"{}")

    assert json.loads(text)["clusters"] == []


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "1", "{", '{"type":"since"}', '{"type":"since","place":7}',
     '{"type":"frame","place":"1.1"}',
     '{"type":"since","place":"1.1","more":1}', "\ud800", "[" * 4_000],
)  # fmt: skip
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read_inbound(text)


@pytest.mark.parametrize("text", ["", "7", "7.", ".7", "7.-1", "7.4.1", "٧.١", "7.x", "9" * 60 + ".1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read_place(text)


def test_a_place_is_read_as_it_is_written() -> None:
    assert read_place(messages.place_text(7, 41)) == (7, 41)


def test_a_since_is_read() -> None:
    assert read_inbound('{"type":"since","place":"7.41"}') == messages.Since(place="7.41")
    assert msgspec.json.encode(messages.Since(place="7.41")) == b'{"type":"since","place":"7.41"}'
