"""How soon the frames of one cluster follow each other."""

import asyncio

import pytest

from metrics.reading.window import FRAME_MS, LONGEST_FRAME_MS, Window
from tests.metrics.journal.builders import seen
from tests.metrics.reading.windows import a_window

pytestmark = pytest.mark.django_db


class _Clock:
    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def wait_ms(window: Window, clock: _Clock, changes: int) -> float:
    """How long the change after a frame of so many has to wait for the next."""

    async def waited() -> float:
        loop = asyncio.get_running_loop()
        for number in range(changes):
            window.on_change(seen(f"pod-{number}"))
        window.flush()
        window.on_change(seen("late"))
        handle = window._flush_handle
        assert isinstance(handle, asyncio.TimerHandle)
        handle.cancel()
        return (handle.when() - loop.time()) * 1000

    window._now_ms = clock
    return asyncio.run(waited())


@pytest.mark.parametrize(
    ("changes", "pause_ms"), [(1, FRAME_MS), (11, FRAME_MS + 20), (500, LONGEST_FRAME_MS)]
)
def test_a_frame_of_many_changes_is_followed_later_than_one_of_few(changes: int, pause_ms: int) -> None:
    assert wait_ms(a_window(), _Clock(), changes) == pytest.approx(pause_ms, abs=15)
