"""Frames on their way to Redis: through one connection that is held, whatever happens to the server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import redis.asyncio
from redis.asyncio.client import PubSub

from metrics.live.frames import CHANNEL, Frame, decode_frames
from metrics.reading import publisher
from metrics.reading.publisher import Publisher
from tests.metrics.live.valkey import Valkey


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.kill()


@asynccontextmanager
async def a_publisher(valkey: Valkey) -> AsyncIterator[Publisher]:
    client = redis.asyncio.from_url(valkey.url, socket_timeout=None)
    made = Publisher(client)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await client.aclose()


@asynccontextmanager
async def a_listener(valkey: Valkey) -> AsyncIterator[PubSub]:
    async with redis.asyncio.from_url(valkey.url) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        assert (await pubsub.get_message(timeout=5))["type"] == "subscribe"
        yield pubsub


async def heard(pubsub: PubSub) -> list[int]:
    """The numbers of the frames in the next message."""
    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
    assert message is not None, "nothing came"
    return [frame.number for frame in decode_frames(message["data"])]


def a_frame(number: int) -> Frame:
    return Frame(1, "uuid", 1, number, 0, b"{}", b"{}", b"[]")


async def test_frames_come_in_order_and_those_that_wait_come_together(valkey: Valkey) -> None:
    async with a_publisher(valkey) as made, a_listener(valkey) as listener:
        made.publish(a_frame(1))
        assert await heard(listener) == [1]
        made.publish(a_frame(2))
        made.publish(a_frame(3))

        assert await heard(listener) == [2, 3]
    assert made.dropped == 0


async def test_after_a_restart_of_the_server_frames_come_again_and_none_is_lost(valkey: Valkey) -> None:
    async with a_publisher(valkey) as made:
        async with a_listener(valkey) as listener:
            made.publish(a_frame(1))
            assert await heard(listener) == [1]
        valkey.kill()
        valkey.start()

        async with a_listener(valkey) as listener:
            made.publish(a_frame(2))
            assert await heard(listener) == [2]
    assert made.dropped == 0


async def test_a_server_that_hangs_costs_only_the_frames_of_that_time(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "SEND_SECONDS", 0.2)
    async with a_publisher(valkey) as made, a_listener(valkey) as listener:
        made.publish(a_frame(1))
        assert await heard(listener) == [1]
        os.kill(valkey.pid, signal.SIGSTOP)
        made.publish(a_frame(2))
        async with asyncio.timeout(5):
            while not made.dropped:
                await asyncio.sleep(0.02)
        os.kill(valkey.pid, signal.SIGCONT)
        made.publish(a_frame(3))

        told = await heard(listener)
        while 3 not in told:
            told += await heard(listener)
    assert made.dropped == 1
