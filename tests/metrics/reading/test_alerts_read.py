"""Alerts of a cluster that is really read: raised, unknown while it is lost, taken over by another worker."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import redis.asyncio
from asgiref.sync import sync_to_async
from django.db import connections

from clusters import leases
from clusters.models import ClusterState
from metrics.alerts.models import Alert, AlertGroup, Evaluation
from metrics.database import DatabaseThread
from metrics.reading.publisher import Publisher
from metrics.reading.worker import Worker
from tests.metrics.reading.rules import LINE, PODS, a_rulebook
from tests.metrics.reading.test_worker import now_ms, register, until
from tests.simulated import SimulatedCluster, simulated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    with simulated("tiny", frozen=30, bookmark_seconds=1) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
async def _no_connection_is_left() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def a_worker(valkey_url: str) -> AsyncIterator[Worker]:
    """A worker that judges by the rules of these tests."""
    database = DatabaseThread()
    client = redis.asyncio.from_url(valkey_url, socket_timeout=2.0)
    worker = Worker(database, Publisher(client), a_rulebook())
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await worker.stop()
        await client.aclose()
        database.stop()


def states(rule: str) -> list[str]:
    return sorted(Alert.objects.filter(rule=rule).values_list("state", flat=True))


def is_all(rule: str, state: str) -> Callable[[], bool]:
    return lambda: set(states(rule)) == {state}


async def test_what_breaks_fires_is_unknown_while_the_cluster_is_lost_and_ends_when_it_is_seen_to(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as worker:
        await worker.hold(row.pk)
        await until(lambda: bool(ClusterState.objects.get(cluster=row).versions), what="stored")
        before = await sync_to_async(states)(PODS)
        cluster.control.step("crash_loop", namespace="shop", name="web")
        cluster.control.advance(600)
        await until(lambda: len(states(PODS)) > len(before), what="an alert for the pods that crash")
        await until(is_all(PODS, "firing"), what="all fire")

        cluster.control.fault("refuse")
        await until(is_all(LINE, "firing"), what="an alert that the line is lost")
        assert await sync_to_async(is_all(PODS, "unknown"))(), "nothing is resolved by silence"

        cluster.control.clear()
        await until(is_all(LINE, "resolved"), seconds=30, what="the line is known to be back")
        await until(is_all(PODS, "firing"), what="what still holds fires on")
        group = await sync_to_async(AlertGroup.objects.filter(state="firing").first)()
        assert group is not None
        assert group.flush_at_ms is not None


async def test_another_worker_goes_on_with_the_same_alerts(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    cluster.control.step("crash_loop", namespace="shop", name="web")
    cluster.control.advance(600)
    async with a_worker(valkey_url) as first, a_worker(valkey_url) as second:
        await first.hold(row.pk)
        await until(lambda: bool(states(PODS)) and is_all(PODS, "firing")(), what="alerts")
        alerts = await sync_to_async(lambda: list(Alert.objects.values_list("pk", flat=True)))()
        await sync_to_async(leases.hand_over)(first.owner, row.pk)
        handed_over_ms = now_ms()
        assert await second.hold(row.pk)

        await until(
            lambda: Evaluation.objects.get(cluster=row).evaluated_at_ms > handed_over_ms + 4_000,
            what="judged by the second, after it has settled",
            seconds=25,
        )

        assert await sync_to_async(lambda: list(Alert.objects.values_list("pk", flat=True)))() == alerts
        assert (await sync_to_async(Evaluation.objects.get)(cluster=row)).fence == 2
        assert await sync_to_async(is_all(PODS, "firing"))()
