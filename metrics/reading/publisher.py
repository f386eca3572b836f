"""Sends frames to Redis, many at a time.

Redis carries wake-ups: what it does not take is dropped, and counted.
"""

import asyncio
import logging
from collections import deque

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from metrics.live.frames import CHANNEL, Frame

QUEUE_LIMIT_FRAMES = 2_000
SEND_SECONDS = 2.0

log = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode


class Publisher:
    """A queue of frames and the task that empties it. Lives on the loop."""

    def __init__(self, redis: Redis) -> None:
        self.dropped = 0
        self._redis = redis
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
        """Send until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            frames = [_encode(self._queue.popleft()) for _ in range(len(self._queue))]
            await self._send(frames)

    async def _send(self, frames: list[bytes]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                async with self._redis.pipeline(transaction=False) as pipe:
                    for frame in frames:
                        pipe.publish(CHANNEL, frame)
                    await pipe.execute()
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
