"""Simulated clusters, read as the worker reads them and stored as the pipeline stores them.

For tests of pages and REST: real rows, from real answers, that stand still.
"""

import asyncio
import time
from collections.abc import Mapping

from asgiref.sync import async_to_sync, sync_to_async

from clusters import leases, registry
from clusters.connection import login as logins
from clusters.connection.credentials import PrivateKey
from clusters.connection.endpoint import Endpoint
from clusters.models import Cluster
from metrics import pipeline
from metrics.reading import usage
from metrics.reading.window import Identity, Window
from tests.clusters.mirror.readings import Observed, observed
from tests.metrics.reading.rules import an_alerting
from tests.simulated import SimulatedCluster

OWNER = "test"
_KEY = PrivateKey.generate().public_key


def store_clusters(clusters: Mapping[str, SimulatedCluster], *, down: str = "") -> None:
    """Register, read and store each; `down` is stored as it looks when it can no longer be read."""
    for name, simulated in clusters.items():
        row = registry.add(
            registry.Registration(
                name,
                Endpoint(server=simulated.address, ca_pem=simulated.ca_pem),
                logins.token_login(simulated.token),
                labels=simulated.labels,
            ),
            _KEY,
            now_ms=_now_ms(),
        )
        async_to_sync(_read_and_store)(row, simulated, is_down=name == down)


async def _read_and_store(row: Cluster, simulated: SimulatedCluster, *, is_down: bool) -> None:
    async with observed(simulated) as seen:
        await seen.until(lambda: seen.reading.line.state == "live", seconds=15, what="live")
        window = await _window(row, seen)
        await _read_usage(window, seen)
        if is_down:
            seen.reading.line.failed(
                _now_ms(), "refused", "The API server refused the connection.", _now_ms()
            )
        _, keyframe = window.take_keyframe()
        fence = window.identity.fence
        await sync_to_async(pipeline.store_slice)(row.pk, fence, OWNER, keyframe.resources)
        await sync_to_async(pipeline.store_keyframe)(keyframe, OWNER)
        window.stop()


async def _read_usage(window: Window, seen: Observed) -> None:
    following = asyncio.create_task(usage.follow(window, asyncio.Lock()))
    try:
        await seen.until(lambda: seen.reading.mirror.usage_state is not None, seconds=15, what="usage read")
    finally:
        following.cancel()


async def _window(row: Cluster, seen: Observed) -> Window:
    held = await sync_to_async(leases.take)(row.pk, OWNER, _now_ms())
    assert held is not None
    identity = Identity(row.pk, str(row.uuid), row.history, held.fence, row.settings_version)
    window = Window(
        identity, number=0, health=None, is_stored=True, publish=lambda _frame: None, now_ms=_now_ms
    )
    window.reading = seen.reading
    window.alerting = an_alerting(row.pk)
    return window


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
