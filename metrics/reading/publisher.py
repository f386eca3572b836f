"""Sends frames to Redis, many at a time.

Redis carries wake-ups: what it does not take is dropped, and counted.
"""

import asyncio
import logging
import time
from collections import deque

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from metrics.live.frames import CHANNEL, Frame, encode_frames

QUEUE_LIMIT_FRAMES = 2_000
SEND_SECONDS = 2.0
MESSAGE_BYTES = 1 << 20
GATHER_SECONDS = 0.010
"""What many clusters say in this time goes out together: a send costs more than a frame, here and in web."""

log = logging.getLogger(__name__)


class Publisher:
    """A queue of frames and the task that empties it. Lives on the loop."""

    def __init__(self, redis: Redis) -> None:
        self.dropped = 0
        self._redis = redis
        self._connection: AbstractConnection | None = None
        """Held for good: to fetch it from the client's pool each time costs as much again as to send."""
        self._queue: deque[Frame] = deque(maxlen=QUEUE_LIMIT_FRAMES)
        self._wake = asyncio.Event()
        self._fails = False

    def publish(self, frame: Frame) -> None:
        """Send a frame soon. Past the limit the oldest is dropped: pages re-read what they miss."""
        if len(self._queue) == QUEUE_LIMIT_FRAMES:
            self.dropped += 1
        self._queue.append(frame)
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled: a first frame at once, then what gathers in a pause together."""
        sent_at = 0.0
        while True:
            await self._wake.wait()
            await asyncio.sleep(max(0.0, sent_at + GATHER_SECONDS - time.monotonic()))
            sent_at = time.monotonic()
            self._wake.clear()
            while self._queue:
                await self._send(self._portion())

    def _portion(self) -> list[Frame]:
        """The next frames, as many as one message may carry."""
        frames = [self._queue.popleft()]
        filled_bytes = frames[0].size_bytes
        while self._queue and filled_bytes + self._queue[0].size_bytes <= MESSAGE_BYTES:
            filled_bytes += self._queue[0].size_bytes
            frames.append(self._queue.popleft())
        return frames

    async def _send(self, frames: list[Frame]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._hand_over(encode_frames(frames))
        except (RedisError, OSError, TimeoutError) as error:
            self.dropped += len(frames)
            if not self._fails:
                log.warning(
                    "Redis takes no frames (%s); live pages re-read until it does", type(error).__name__
                )
            self._fails = True
            await asyncio.sleep(0.5)
        else:
            self._fails = False

    async def _hand_over(self, message: bytes) -> None:
        """Publish, and wait until Redis has it. That the server was restarted is only noticed now: once more.

        A connection that broke is made anew by the next command, and a frame told twice is told once.
        """
        if self._connection is None:
            self._connection = await self._redis.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await _publish(self._connection, message)
        except LostConnection:
            await _publish(self._connection, message)


async def _publish(connection: AbstractConnection, message: bytes) -> None:
    await connection.send_command("PUBLISH", CHANNEL, message)
    await connection.read_response()
