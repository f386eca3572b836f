"""What each kind makes of two messages, kept as files to look at."""

import pytest

from metrics.notify.kinds import all_kinds
from tests.metrics.notify.golden import ADDRESSES, GOLDEN, MESSAGES, pictures


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_message_is_what_its_golden_file_shows(kind: str, name: str) -> None:
    for file, body in pictures(name, kind).items():
        assert body == (GOLDEN / file).read_bytes()


def test_each_kind_has_its_pictures() -> None:
    assert sorted(ADDRESSES) == [kind.name for kind in all_kinds()]
