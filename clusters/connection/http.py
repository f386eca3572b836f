"""Bounded requests and streams to one API server.

Every call has a wall-clock deadline and a cap on decoded bytes; redirects are never followed; at most
five requests are in flight and ten a second leave for one cluster. Held streams are not counted.
"""

import asyncio
import email.utils
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from clusters.connection.dialler import dial
from clusters.connection.errors import ClusterError, ExpiredVersion, Reason
from clusters.connection.settings import ConnectionSettings
from clusters.connection.tls import Security, security_of
from clusters.connection.wire import Exchange, Wire, closed_midway

REQUESTS_IN_FLIGHT = 5
REQUESTS_PER_SECOND = 10.0
REQUESTS_AT_ONCE = 40.0
IDLE_WIRES = 5
RETRY_AFTER_LIMITS_SECONDS = (1.0, 300.0)


@dataclass(frozen=True)
class Answer:
    """A whole answer. Header names are lower case; `body` is decoded."""

    status: int
    headers: dict[str, str]
    body: bytes | bytearray


class Connection:
    """All our traffic with one API server. Made per reading, closed with it."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self.settings = settings
        self.requests_sent = 0
        self.received_bytes = 0
        self._security: Security | None = None
        self._head = ""
        self._idle: list[Wire] = []
        self._open: set[Wire] = set()
        self._in_flight = asyncio.Semaphore(REQUESTS_IN_FLIGHT)
        self._allowance = REQUESTS_AT_ONCE
        self._allowance_at = time.monotonic()

    async def get(
        self,
        target: str,
        *,
        deadline_seconds: float = 15.0,
        limit_bytes: int = 16 << 20,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One GET. `target` is path and query. Raises ClusterError for faults of transport or size."""
        return await self._ask("GET", target, b"", deadline_seconds, limit_bytes, headers)

    async def post(
        self, target: str, body: bytes, *, deadline_seconds: float = 15.0, limit_bytes: int = 1 << 20
    ) -> Answer:
        """One POST of JSON: only reviews of our own access are ever posted."""
        headers = {"content-type": "application/json"}
        return await self._ask("POST", target, body, deadline_seconds, limit_bytes, headers)

    async def open_stream(
        self, target: str, on_body: Callable[[bytes], None], *, deadline_seconds: float = 10.0
    ) -> "Stream":
        """Begin a GET whose body comes for as long as it likes; `on_body` is called with each piece.

        Returns once the head is in, whatever its status.
        """
        refused: list[bytes] = []

        def route(piece: bytes) -> None:
            if exchange.status == 200:
                on_body(piece)
            elif sum(map(len, refused)) < 65536:
                refused.append(piece)

        exchange = Exchange(route, limit_bytes=None)
        wire = self._idle_wire() or await self._dial()
        self._send(wire, "GET", target, b"", exchange, None)
        try:
            async with asyncio.timeout(deadline_seconds):
                await exchange.started
                if exchange.status != 200:
                    await exchange.finished
        except TimeoutError:
            wire.give_up(_too_slow(deadline_seconds))
            raise _too_slow(deadline_seconds) from None
        except BaseException:
            wire.abort()
            raise
        return Stream(self, wire, exchange, b"".join(refused))

    async def close(self) -> None:
        """Drop every socket."""
        for wire in list(self._open):
            wire.abort()
        self._open.clear()
        self._idle.clear()

    async def _ask(
        self,
        method: str,
        target: str,
        body: bytes,
        deadline_seconds: float,
        limit_bytes: int,
        headers: dict[str, str] | None,
    ) -> Answer:
        # Pieces of 16 KB kept until the last is in would leave holes of megabytes behind, between what stays.
        gathered = bytearray()
        exchange = Exchange(gathered.extend, limit_bytes=limit_bytes)
        wire: Wire | None = None
        try:
            async with asyncio.timeout(deadline_seconds):
                async with self._in_flight:
                    await self._wait_for_allowance()
                    wire = self._idle_wire() or await self._dial()
                    self._send(wire, method, target, body, exchange, headers)
                    await exchange.finished
        except TimeoutError:
            if wire is not None:
                wire.give_up(_too_slow(deadline_seconds))
            raise _too_slow(deadline_seconds) from None
        except BaseException:
            if wire is not None:
                wire.abort()
            raise
        self.give_back(wire, exchange)
        return Answer(exchange.status, exchange.headers, gathered)

    def _send(
        self,
        wire: Wire,
        method: str,
        target: str,
        body: bytes,
        exchange: Exchange,
        headers: dict[str, str] | None,
    ) -> None:
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        length = f"content-length: {len(body)}\r\n" if body else ""
        head = f"{method} {self.settings.path_prefix}{target} HTTP/1.1\r\n{self._head}{extra}{length}\r\n"
        self.requests_sent += 1
        wire.send(head.encode("latin-1") + body, exchange)

    def _idle_wire(self) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()
            if wire.is_idle:
                return wire
            self._open.discard(wire)
        return None

    async def _dial(self) -> Wire:
        if self._security is None:
            self._security = await security_of(self.settings)
        self._open = {wire for wire in self._open if wire.is_open}
        wire = await dial(self.settings, self._security.context)
        if not self._head:
            self._head = _fixed_headers(self.settings, self._security, is_remote=wire.is_remote)
        self._open.add(wire)
        return wire

    def give_back(self, wire: Wire, exchange: Exchange) -> None:
        """Keep the socket for the next request if it can serve one."""
        self.received_bytes += exchange.received_bytes
        if wire.is_idle and len(self._idle) < IDLE_WIRES:
            self._idle.append(wire)
        else:
            wire.abort()
            self._open.discard(wire)

    async def _wait_for_allowance(self) -> None:
        now = time.monotonic()
        earned = (now - self._allowance_at) * REQUESTS_PER_SECOND
        self._allowance = min(REQUESTS_AT_ONCE, self._allowance + earned) - 1
        self._allowance_at = now
        if self._allowance < 0:
            await asyncio.sleep(-self._allowance / REQUESTS_PER_SECOND)


class Stream:
    """One held answer. `status` and `headers` are in; wait for `ended()` or `close()` it."""

    def __init__(self, connection: Connection, wire: Wire, exchange: Exchange, refusal: bytes) -> None:
        self._connection = connection
        self._wire = wire
        self._exchange = exchange
        self.answer = Answer(exchange.status, exchange.headers, refusal)

    async def ended(self) -> None:
        """Wait until the server has ended it. Raises ClusterError where it broke."""
        await self._exchange.finished
        self._connection.give_back(self._wire, self._exchange)

    def close(self, error: ClusterError | None = None) -> None:
        """End it from our side; whoever waits for `ended()` gets `error`."""
        if not self._exchange.finished.done():
            self._wire.give_up(error or closed_midway())


def raise_for_status(answer: Answer) -> None:
    """Raise the ClusterError that an answer stands for, unless it is a 200 of JSON."""
    if answer.status in (200, 201):
        content_type = answer.headers.get("content-type", "")
        if "json" not in content_type:
            raise _not_kubernetes(f"got {content_type.split(';')[0] or 'no type'}")
        return
    raise _error_of(answer)


def _error_of(answer: Answer) -> ClusterError:
    status = answer.status
    if status == 410:
        return ExpiredVersion()
    if status == 401:
        return ClusterError(
            Reason.AUTH_401,
            "The API server rejected the credential (401).",
            "Give it a new one: manage.py set_credential.",
        )
    if status == 403:
        return ClusterError(
            Reason.FORBIDDEN_403,
            "The API server knows us but refuses this read (403).",
            "Grant it: manage.py print_cluster_role | kubectl apply -f -",
        )
    if status == 429:
        return ClusterError(
            Reason.THROTTLED_429,
            "The API server asks us to wait (429).",
            "It is read again at the time shown.",
            retry_after_seconds=retry_after_seconds(answer.headers.get("retry-after"), now=time.time()),
        )
    if status >= 500:
        return ClusterError(
            Reason.SERVER_5XX,
            f"The API server answered {status}.",
            "Look at its own log; it is tried again by itself.",
            retry_after_seconds=retry_after_seconds(answer.headers.get("retry-after"), now=time.time()),
        )
    return _not_kubernetes(f"it answered {status}")


def retry_after_seconds(value: str | None, *, now: float) -> float | None:
    """What Retry-After asks for, in seconds or as a date, clamped to [1, 300]; None where it says nothing.

    A day's Retry-After is honoured as five minutes: a cluster must not be able to send itself away.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    if math.isnan(seconds):
        return None
    low, high = RETRY_AFTER_LIMITS_SECONDS
    return max(low, min(high, seconds))


def _fixed_headers(settings: ConnectionSettings, security: Security, *, is_remote: bool) -> str:
    """Compression costs twice the processor time and saves ten times the bytes: far away only."""
    host = urlsplit(settings.server).netloc.rpartition("@")[2]
    wanted = {
        "host": host,
        "user-agent": "topmast cluster-reader",
        "accept": "application/json",
        "accept-encoding": "gzip" if is_remote else "identity",
        **security.headers,
    }
    for value in wanted.values():
        if "\r" in value or "\n" in value:
            raise ClusterError(
                Reason.CREDENTIAL, "The credential has a line break in it.", "Set it again, as one line."
            )
    return "".join(f"{name}: {value}\r\n" for name, value in wanted.items())


def _too_slow(deadline_seconds: float) -> ClusterError:
    return ClusterError(
        Reason.TIMEOUT,
        f"The API server did not answer within {deadline_seconds:.0f} s.",
        "Look at its load and at the network between.",
    )


def _not_kubernetes(why: str) -> ClusterError:
    return ClusterError(
        Reason.NOT_KUBERNETES,
        f"This is not a Kubernetes API ({why}).",
        "Check the address: redirects and sign-in pages are not followed.",
    )
