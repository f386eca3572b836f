"""One socket from accept to close: who is behind it, and the two tasks that serve it.

One task sends what waits, so that a reader who is slow holds up nobody; one checks, whenever access may
have changed, that the user may still see what is sent.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from metrics.live import messages
from metrics.live.codes import NOT_UNDERSTOOD, TOO_MANY, WENT_WRONG
from metrics.live.feeds import Feed
from metrics.live.hub import Hub, now_ms, running_hub
from metrics.live.messages import NotUnderstood
from metrics.live.sight import RefusedError, Sight, credentials_of, read_sight

RECHECK_SECONDS = (20.0, 30.0)
"""A session that ended or a token that expired is noticed within this, where nobody tells."""
RETRY_SECONDS = 1.0
MESSAGES_AT_ONCE = 20
MESSAGES_A_SECOND = 5.0

logger = logging.getLogger(__name__)

MakeFeed = Callable[[Hub, Callable[[], None]], Feed]


class Line:
    """Serves one socket with one feed."""

    def __init__(self, socket: AsyncWebsocketConsumer, make_feed: MakeFeed) -> None:
        self.user_id = 0
        self.epoch = 0
        self._socket = socket
        self._make_feed = make_feed
        self._credentials = credentials_of(socket.scope)
        self._allowance = Allowance(at_seconds=asyncio.get_running_loop().time())
        self._something_waits = asyncio.Event()
        self._check_is_due = asyncio.Event()
        self._hub: Hub | None = None
        self._feed: Feed | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    async def open(self) -> None:
        """Accept the socket, and serve it or say why not."""
        await self._socket.accept()
        try:
            await self._begin(await running_hub())
        except RefusedError as refused:
            await self.close(refused.code)
        except (DatabaseError, TimeoutError):
            logger.exception("A socket could not be served.")
            await self.close(WENT_WRONG)

    async def receive(self, text: str | None) -> None:
        """A message of the page: few, small and known, or the socket is closed."""
        if self._is_closed or self._feed is None:
            return
        if not self._allowance.take(asyncio.get_running_loop().time()):
            await self.close(TOO_MANY)
            return
        try:
            self._feed.since(messages.read_inbound(text or "").place)
        except NotUnderstood:
            await self.close(NOT_UNDERSTOOD)

    def recheck(self) -> None:
        """What the user may see may have changed."""
        self._check_is_due.set()

    def beat(self) -> None:
        """Give a sign of life if nothing else is to be said."""
        if self._feed is not None:
            self._feed.beat()

    async def close(self, code: int) -> None:
        """Stop sending, then say why."""
        if not self._is_closed:
            self.end()
            await self._socket.close(code=code)

    def end(self) -> None:
        """Leave everything; nothing is sent after this."""
        self._is_closed = True
        if self._feed is not None:
            self._feed.end()
        if self._hub is not None and self.user_id:
            self._hub.exit(self)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _begin(self, hub: Hub) -> None:
        """Join before reading: news of access that come while the sight is read make it be read again."""
        sight = await self._read_sight(hub)
        self.user_id, self.epoch = sight.user_id, sight.epoch
        if not hub.enter(self):
            self.user_id = 0
            raise RefusedError(TOO_MANY)
        self._hub = hub
        self._feed = self._make_feed(hub, self._something_waits.set)
        self._see(await self._read_sight(hub))
        jobs = (self._send, lambda: self._keep_watch(hub))
        self._tasks = [asyncio.create_task(self._guarded(job)) for job in jobs]

    async def _read_sight(self, hub: Hub) -> Sight:
        return await hub.database.run(read_sight, self._credentials, now_ms())

    def _see(self, sight: Sight) -> None:
        self.epoch = sight.epoch
        if self._feed is not None:
            self._feed.see(sight)

    async def _send(self) -> None:
        while True:
            await self._something_waits.wait()
            self._something_waits.clear()
            while self._feed and (texts := await self._feed.next_texts()) is not None:
                for text in texts:
                    await self._socket.send(text_data=text)

    async def _keep_watch(self, hub: Hub) -> None:
        wait_seconds = random.uniform(*RECHECK_SECONDS)
        while True:
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._check_is_due.wait()
            except TimeoutError:
                pass
            self._check_is_due.clear()
            try:
                self._see(await self._read_sight(hub))
            except DatabaseError:
                logger.warning("Could not check what a socket may see; trying again.", exc_info=True)
                wait_seconds = RETRY_SECONDS
            else:
                wait_seconds = random.uniform(*RECHECK_SECONDS)

    async def _guarded(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one of the two tasks; whatever ends it ends the socket."""
        try:
            await job()
        except RefusedError as refused:
            await self.close(refused.code)
        except OSError:
            # The page went away while something was sent to it; disconnect() follows.
            logger.debug("A page left while it was sent something.")
        except Exception:
            logger.exception("A socket could not be served any more.")
            await self.close(WENT_WRONG)


class Allowance:
    """How many messages a page may still send: a few at once, then some a second. Pure."""

    def __init__(self, *, at_seconds: float) -> None:
        self._left = float(MESSAGES_AT_ONCE)
        self._at_seconds = at_seconds

    def take(self, now_seconds: float) -> bool:
        """Count one message; False where it is one too many."""
        earned = (now_seconds - self._at_seconds) * MESSAGES_A_SECOND
        self._left = min(self._left + earned, MESSAGES_AT_ONCE) - 1
        self._at_seconds = now_seconds
        return self._left >= 0
