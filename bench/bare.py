"""The least that can be done with an API server's bytes: what the limit of this machine is."""

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Sequence
from urllib.parse import quote, urlsplit

import httptools

from tests.simulated import SimulatedCluster

AT_ONCE = 16
"""As many lists side by side as the portal allows itself."""
PAGE_SIZE = 500
LISTS = (
    "/api/v1/nodes", "/api/v1/namespaces", "/api/v1/pods", "/apis/apps/v1/deployments",
    "/apis/apps/v1/replicasets", "/apis/apps/v1/statefulsets", "/apis/apps/v1/daemonsets",
    "/apis/batch/v1/jobs", "/apis/batch/v1/cronjobs", "/api/v1/events",
)  # fmt: skip
_CONTINUE = re.compile(rb'"continue":"([^"]*)"')
_SENT_AT = re.compile(rb'"simulator.example/sent-at-ms":"([0-9.]+)"')


class BareConnection(asyncio.Protocol):
    """One connection that counts what comes and keeps the first piece of an answer."""

    def __init__(self, on_body: Callable[[bytes], None] | None = None) -> None:
        self.received_bytes = 0
        self.start = b""
        self._listener = on_body
        self._done: asyncio.Future[None]
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def ask(self, target: str, token: str) -> asyncio.Future[None]:
        """Send one GET; done when its answer has come."""
        self._parser = httptools.HttpResponseParser(self)
        self._done = asyncio.get_running_loop().create_future()
        self.start = b""
        head = f"GET {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._transport.write(head.encode())
        return self._done

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.received_bytes += len(body)
        if not self.start:
            self.start = body
        if self._listener is not None:
            self._listener(body)

    def on_message_complete(self) -> None:
        self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed"))

    def close(self) -> None:
        """End it."""
        if not self._done.done():
            self._done.cancel()
        self._transport.abort()


async def read_all(clusters: Sequence[SimulatedCluster]) -> tuple[float, int]:
    """List every kind of all clusters in pages, looking at nothing but where to go on: seconds, bytes."""
    slots = asyncio.Semaphore(AT_ONCE)
    began = time.monotonic()
    received = await asyncio.gather(*(_read_cluster(one, slots) for one in clusters))
    return time.monotonic() - began, sum(received)


async def _read_cluster(cluster: SimulatedCluster, slots: asyncio.Semaphore) -> int:
    async with slots:
        connection = await _connect(cluster)
        for path in LISTS:
            more = ""
            while True:
                await connection.ask(f"{path}?limit={PAGE_SIZE}{more}", cluster.token)
                found = _CONTINUE.search(connection.start, 0, 2000)
                if found is None or not found[1]:
                    break
                more = f"&continue={quote(found[1].decode(), safe='')}"
        connection.close()
        return connection.received_bytes


async def watch_delays(clusters: Sequence[SimulatedCluster], seconds: float) -> list[float]:
    """How many ms a change of a pod takes to a bare watch: from sent until its bytes are here."""
    delays: list[float] = []

    def note(body: bytes) -> None:
        now_ms = time.time_ns() / 1e6
        delays.extend(now_ms - float(at) for at in _SENT_AT.findall(body))

    connections = []
    for cluster in clusters:
        listing = await _connect(cluster)
        await listing.ask("/api/v1/pods?limit=1", cluster.token)
        found = re.search(rb'"resourceVersion":"(\d+)"', listing.start)
        assert found is not None
        listing.close()
        watching = await _connect(cluster, note)
        watching.ask(f"/api/v1/pods?watch=true&resourceVersion={found[1].decode()}", cluster.token)
        connections.append(watching)
    await asyncio.sleep(seconds)
    for connection in connections:
        connection.close()
    return delays


async def _connect(
    cluster: SimulatedCluster, on_body: Callable[[bytes], None] | None = None
) -> BareConnection:
    address = urlsplit(cluster.address)
    trust = ssl.create_default_context(cafile=cluster.ca)
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: BareConnection(on_body), address.hostname, address.port, ssl=trust
    )
    return connection
