"""What tests of telling share."""

from collections.abc import Iterator

import pytest

from tests.metrics.notify.receivers import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers ok."""
    with receiving() as server:
        yield server
