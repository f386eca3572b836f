"""Sockets over TLS on the worker's own loop."""

import asyncio
import gc
import weakref
from typing import Any

import uvloop

from clusters.connection.guard import LOOPBACK
from clusters.connection.http import Connection
from clusters.connection.settings import ConnectionSettings
from tests.simulated import simulated


async def _dropped(cluster: Any) -> tuple[Any, bool]:
    """A list's socket after it was dropped, weakly; and whether the list had stretched it."""
    connection = Connection(
        ConnectionSettings(
            server=cluster.address, ca_pem=cluster.ca_pem, token=cluster.token, allowed_ranges=LOOPBACK
        )
    )
    await connection.get("/api/v1/pods")
    (wire,) = connection._open
    was_stretched, gone = wire.is_stretched, weakref.ref(wire)
    del wire
    connection.drop_stretched()
    await asyncio.sleep(0.1)
    await connection.close()
    return gone, was_stretched


def test_the_buffers_of_a_dropped_socket_are_freed_without_the_collector() -> None:
    with simulated(fleet="bench", clusters=1, pods=200, nodes=5) as cluster:
        gc.disable()
        try:
            gone, was_stretched = uvloop.run(_dropped(cluster))

            assert was_stretched
            assert gone() is None
        finally:
            gc.enable()
