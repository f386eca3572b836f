"""Messages full of odd names, made once for all kinds."""

import pytest

from metrics.notify.message import Message
from tests.metrics.notify.kinds.odd_names import odd_messages


@pytest.fixture(scope="session")
def strange() -> tuple[Message, ...]:
    """What 50,000 odd names look like in messages."""
    return odd_messages()
