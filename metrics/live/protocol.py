"""The websocket protocol that uvicorn speaks for us, with bounds on what one socket may cost.

uvicorn's own blocks a sender once 64 KiB wait, but never gives up on a reader that has stopped: each such
socket then keeps megabytes of kernel memory for ever, and `disconnect` is never called.
Start line: `uvicorn … --ws metrics.live.protocol:BoundedWebSocketProtocol`.
"""

import asyncio
import contextlib
import functools
import logging
import socket
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

SEND_BUFFER_BYTES = 64 * 1024
INBOUND_LIMIT_BYTES = 4 * 1024
NO_PROGRESS_SECONDS = 10.0
USER_TIMEOUT_MS = 30_000


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """A socket that holds 64 KiB here and about as much in the kernel, and ends when nobody reads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # No permessage-deflate: it doubles the cost of a frame and takes 45 KB a connection.
        self.conn = ServerProtocol(
            extensions=[], max_size=INBOUND_LIMIT_BYTES, logger=logging.getLogger("uvicorn.error")
        )
        self._give_up_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound the buffers of this socket, here and in the kernel."""
        super().connection_made(transport)
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=SEND_BUFFER_BYTES)
        _bound_kernel(transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing waits for this socket any more."""
        self._cancel_give_up()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The reader does not keep up: it has so long to read anything at all."""
        super().pause_writing()
        self._give_up_later()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self._cancel_give_up()
        super().resume_writing()

    def handle_ping(self) -> None:
        """Answer a ping, but let no flood of pings fill the buffer of a reader who does not read."""
        output = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(output))

    def keepalive_timeout(self) -> None:
        """The page answers no ping. Closing waits for what it never reads, so that too has a limit."""
        super().keepalive_timeout()
        self._give_up_later()

    async def send(self, message: Any) -> None:
        """As uvicorn does, but for what costs most: one text to ninety sockets is framed once.

        A close that the reader never takes is given up as well.
        """
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is not None and self.handshake_complete:
            await self.writable.wait()
            if self._is_open():
                self.transport.write(_framed(text))
                return
        await super().send(message)
        if message["type"] == "websocket.close":
            self._give_up_later()

    def _is_open(self) -> bool:
        return (
            self.conn.state is State.OPEN
            and self.initial_response is None
            and not (self.disconnected or self.close_sent or self.transport.is_closing())
        )

    def _give_up_later(self) -> None:
        if self._give_up_timer is None and not self.disconnected:
            self._give_up_timer = self.loop.call_later(NO_PROGRESS_SECONDS, self.transport.abort)

    def _cancel_give_up(self) -> None:
        if self._give_up_timer is not None:
            self._give_up_timer.cancel()
            self._give_up_timer = None


@functools.lru_cache(maxsize=4)
def _framed(text: str) -> bytes:
    """A text as it goes over the wire; of the last few, as every page of an audience gets the same."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False, extensions=[])


def _bound_kernel(connection: Any) -> None:
    """A unix socket has no TCP to set; it is local and ends with its process."""
    with contextlib.suppress(OSError, AttributeError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
