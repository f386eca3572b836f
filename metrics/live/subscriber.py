"""The one line of a web process to Redis: listens, and comes back by itself when the line is lost."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECT_SECONDS = 2.0
SILENCE_SECONDS = 5.0
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
MESSAGES_A_TURN = 16

logger = logging.getLogger(__name__)


class Subscriber:
    """Hands each message to `on_message(channel, data)`, and calls `on_gap` whenever some may be lost."""

    def __init__(
        self,
        url: str,
        channels: Sequence[str],
        *,
        on_message: Callable[[str, bytes], None],
        on_gap: Callable[[], None],
    ) -> None:
        self._url = url
        self._channels = tuple(channels)
        self._on_message = on_message
        self._on_gap = on_gap
        self._heard_at_seconds = 0.0
        self.is_connected = False
        self.has_tried = asyncio.Event()
        """Set once the first attempt is over, well or not."""

    async def run(self) -> None:
        """Listen until cancelled."""
        attempt = 0
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                attempt = 0 if self.is_connected else attempt + 1
                self._note_loss(error)
            await asyncio.sleep(delay_seconds(attempt))

    async def _listen(self) -> None:
        redis = Redis.from_url(
            self._url,
            # Listening may be silent for long; whether the line is alive is asked by ping.
            socket_timeout=None,
            socket_connect_timeout=CONNECT_SECONDS,
            # With version 3 redis-py writes each message out as text, for a log that nobody reads.
            protocol=2,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            async with redis, redis.pubsub() as pubsub, asyncio.timeout(None) as patience:
                patience.reschedule(asyncio.get_running_loop().time() + CONNECT_SECONDS)
                await pubsub.subscribe(*self._channels)
                patience.reschedule(None)
                await self._follow(pubsub)
        finally:
            # Also when cancelled: whoever waits for the first attempt must not wait for ever.
            self.has_tried.set()

    async def _follow(self, pubsub: PubSub) -> None:
        reader = asyncio.create_task(self._read(pubsub))
        try:
            await self._until_silent(pubsub, reader)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        count = 0
        async for message in pubsub.listen():
            self._heard_at_seconds = loop.time()
            if message["type"] == "message":
                self._on_message(message["channel"].decode(), message["data"])
            elif message["type"] == "subscribe":
                self._note_connection(message["channel"].decode())
            count += 1
            if count % MESSAGES_A_TURN == 0:
                # A burst is read from memory without waiting: let the senders have their turn.
                await asyncio.sleep(0)

    async def _until_silent(self, pubsub: PubSub, reader: asyncio.Task[None]) -> None:
        """Ask for a sign of life whenever it is quiet; end with the line or when no sign comes."""
        loop = asyncio.get_running_loop()
        self._heard_at_seconds = loop.time()
        while True:
            done, _ = await asyncio.wait([reader], timeout=SILENCE_SECONDS)
            if done:
                reader.result()
                raise ConnectionError("Redis ended the subscription.")
            if loop.time() - self._heard_at_seconds > 2 * SILENCE_SECONDS:
                raise TimeoutError("Redis gave no sign of life.")
            await pubsub.ping()

    def _note_connection(self, channel: str) -> None:
        """Each confirmation, also one of a line that came back unasked, means that messages may be lost."""
        if channel != self._channels[-1]:
            return
        if not self.is_connected:
            logger.info("Following frames from Redis.")
        self.is_connected = True
        self.has_tried.set()
        self._on_gap()

    def _note_loss(self, error: Exception) -> None:
        if self.is_connected:
            logger.warning("Lost Redis (%s): following the rows until it is back.", type(error).__name__)
        self.is_connected = False
        self._on_gap()


def delay_seconds(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """How long to wait before the next attempt: doubling, with full jitter above the first delay."""
    ceiling = min(FIRST_DELAY_SECONDS * 2.0 ** min(attempt, 16), LONGEST_DELAY_SECONDS)
    return FIRST_DELAY_SECONDS + chance() * (ceiling - FIRST_DELAY_SECONDS)
