"""Messages as they are stored."""

import json

import pytest

from metrics.notify.message import Message, restored, stored
from tests.metrics.notify.builders import a_message, a_node
from tests.metrics.notify.golden import GOLDEN, MESSAGES


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_of_an_earlier_release_is_still_read(name: str) -> None:
    body = json.loads((GOLDEN / f"{name}-1.json").read_text())

    message = restored(body)

    assert isinstance(message, Message)
    assert {field: value for field, value in stored(message).items() if field in body} == body


@pytest.mark.parametrize("name", MESSAGES)
def test_the_golden_messages_are_what_is_told_today(name: str) -> None:
    assert stored(MESSAGES[name]()) == json.loads((GOLDEN / f"{name}-1.json").read_text())


def test_a_field_that_a_later_release_adds_is_ignored_and_a_later_format_refused() -> None:
    body = stored(a_message(a_node()))

    assert restored({**body, "mood": "calm"}) == restored(body)
    with pytest.raises(ValueError, match="newer release"):
        restored({**body, "format": 2})
