"""The line to Redis."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest

from metrics.live import subscriber as subscribers
from metrics.live.line import MESSAGES_AT_ONCE, Allowance
from metrics.live.subscriber import Subscriber, delay_seconds
from tests.metrics.live.valkey import Valkey


class Heard:
    """Everything a subscriber said."""

    def __init__(self, url: str) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.gaps = 0
        self.subscriber = Subscriber(url, ("one", "two"), on_message=self._message, on_gap=self._gap)

    def _message(self, channel: str, data: bytes) -> None:
        self.messages.append((channel, data))

    def _gap(self) -> None:
        self.gaps += 1

    async def until(self, is_connected: bool, seconds: float = 5) -> None:
        """Wait for the line to be there, or gone."""
        async with asyncio.timeout(seconds):
            while self.subscriber.is_connected != is_connected:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def listening(url: str) -> AsyncIterator[Heard]:
    """A subscriber at work."""
    heard = Heard(url)
    task = asyncio.create_task(heard.subscriber.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_messages_of_both_channels_come_in_order(valkey: Valkey) -> None:
    async with listening(valkey.url) as heard:
        await heard.until(is_connected=True)
        for number in range(100):
            await asyncio.to_thread(valkey.publish, ("one", "two")[number % 2], str(number))
        async with asyncio.timeout(5):
            while len(heard.messages) < 100:
                await asyncio.sleep(0.01)

    assert heard.messages == [(("one", "two")[n % 2], str(n).encode()) for n in range(100)]
    assert heard.gaps == 1, "once, for what was said before"


async def test_a_redis_that_was_never_there_is_tried_and_told_of(tmp_path: object) -> None:
    async with listening(f"unix://{tmp_path}/none.sock") as heard:
        async with asyncio.timeout(5):
            await heard.subscriber.has_tried.wait()

        assert not heard.subscriber.is_connected


async def test_each_loss_and_each_return_is_a_gap(valkey: Valkey) -> None:
    async with listening(valkey.url) as heard:
        await heard.until(is_connected=True)
        valkey.kill()
        await heard.until(is_connected=False)
        gaps = heard.gaps
        await asyncio.to_thread(valkey.start)
        await heard.until(is_connected=True)

        assert gaps >= 2
        assert heard.gaps > gaps


async def test_a_frozen_redis_is_noticed(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "SILENCE_SECONDS", 0.2)
    async with listening(valkey.url) as heard:
        await heard.until(is_connected=True)
        await asyncio.sleep(0.7)
        assert heard.subscriber.is_connected, "a quiet line that answers pings stays"
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            await heard.until(is_connected=False, seconds=3)
        finally:
            os.kill(valkey.pid, signal.SIGCONT)
        await heard.until(is_connected=True)


def test_the_delay_doubles_to_five_seconds_with_jitter() -> None:
    assert [delay_seconds(attempt, lambda: 1.0) for attempt in (0, 1, 3, 99)] == [0.1, 0.2, 0.8, 5.0]
    assert delay_seconds(99, lambda: 0.0) == 0.1


def test_a_page_may_say_twenty_things_at_once_and_five_a_second() -> None:
    allowance = Allowance(at_seconds=0.0)
    burst = [allowance.take(0.0) for _ in range(MESSAGES_AT_ONCE + 1)]
    assert burst == [True] * MESSAGES_AT_ONCE + [False]

    allowance = Allowance(at_seconds=0.0)
    assert all(allowance.take(number / 5) for number in range(500))
