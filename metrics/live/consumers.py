"""The two sockets: the fleet, and one cluster. What they say is in docs/live-messages.md."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from metrics.live.feeds import ClusterFeed, FleetFeed
from metrics.live.line import Line


class FleetConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels carries no types
    """Streams the clusters that the user may see: the whole picture first, then what changed."""

    async def connect(self) -> None:
        """Join, then read, then send."""
        self.line = Line(self, FleetFeed)
        await self.line.open()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is expected here; whatever comes ends the socket."""
        await self.line.receive(text_data)

    async def disconnect(self, code: int) -> None:
        """Leave."""
        self.line.end()


class ClusterConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels carries no types
    """Streams one cluster: the picture first, then each frame in order."""

    async def connect(self) -> None:
        """Join before reading. The other way round, a change that lands between the two is lost."""
        slug = self.scope["url_route"]["kwargs"]["slug"]
        self.line = Line(self, lambda hub, wake: ClusterFeed(hub, wake, slug))
        await self.line.open()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The page asks for what it missed."""
        await self.line.receive(text_data)

    async def disconnect(self, code: int) -> None:
        """Leave."""
        self.line.end()


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels carries no types
    """Any other address: refused before it is accepted."""

    async def connect(self, **_: Any) -> None:
        """Refuse."""
        await self.close()
