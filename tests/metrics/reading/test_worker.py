"""Workers that hold clusters: first pictures, hand-over, and a worker that slept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections

from clusters import leases, registry
from clusters.connection import login as logins
from clusters.connection.endpoint import Endpoint
from clusters.models import Cluster, ClusterState, Lease, Resource
from metrics import pipeline
from metrics.database import DatabaseThread
from metrics.journal.reading import state_at
from metrics.models import JournalEntry, Snapshot
from metrics.reading.publisher import Publisher
from metrics.reading.worker import Worker
from tests.simulated import SimulatedCluster, simulated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    with simulated("tiny", frozen=30, bookmark_seconds=1) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
async def _no_connection_is_left() -> AsyncIterator[None]:
    """The thread of sync_to_async keeps its own, and a database in use cannot be dropped."""
    yield
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def a_worker(valkey_url: str) -> AsyncIterator[Worker]:
    """A worker as a process has it, on this loop."""
    database = DatabaseThread()
    client = redis.asyncio.from_url(valkey_url, socket_timeout=2.0)
    worker = Worker(database, Publisher(client))
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


def register(simulated: SimulatedCluster) -> Cluster:
    return registry.add(
        registry.Registration(
            "tiny",
            Endpoint(server=simulated.address, ca_pem=simulated.ca_pem),
            logins.token_login(simulated.token),
        ),
        settings.CLUSTER_KEYRING().public_key,
        now_ms=now_ms(),
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def until(holds: Callable[[], bool], *, seconds: float = 15, what: str) -> None:
    began = time.monotonic()
    while not await sync_to_async(holds)():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.1)


def versions(cluster: Cluster) -> dict[str, str]:
    return ClusterState.objects.get(cluster=cluster).versions


def stored(cluster: Cluster) -> dict[str, str]:
    return dict(Resource.objects.filter(cluster=cluster).values_list("uid", "name"))


def truth(simulated: SimulatedCluster, kind: str) -> set[str]:
    return {one["metadata"]["uid"] for one in simulated.control.objects(kind)}


def pods(cluster: Cluster) -> set[str]:
    return set(Resource.objects.filter(cluster=cluster, kind="Pod").values_list("uid", flat=True))


async def test_a_first_picture_is_stored_whole_with_a_keyframe(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as worker:
        assert await worker.hold(row.pk)
        await until(lambda: bool(versions(row)), what="stored")

        state = await sync_to_async(ClusterState.objects.get)(cluster=row)
        assert state.connection == "live"
        assert await sync_to_async(pods)(row) == truth(cluster, "Pod")
        assert await sync_to_async(Snapshot.objects.filter(cluster=row).count)() == 1


async def test_changes_reach_rows_and_journal_and_the_past_stays(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as worker:
        await worker.hold(row.pk)
        await until(lambda: bool(versions(row)), what="stored")
        before_ms, before = now_ms(), await sync_to_async(pods)(row)
        cluster.control.step("scale", namespace="shop", name="web", replicas=9)

        await until(lambda: pods(row) == truth(cluster, "Pod"), what="rows as the cluster is")

        assert await sync_to_async(JournalEntry.objects.filter(cluster=row).exists)()
        past = await sync_to_async(state_at)(row.pk, before_ms)
        assert past is not None
        assert {uid for kind, uid in past.resources if kind == "Pod"} == before


async def test_a_window_that_is_handed_over_goes_on_without_a_gap_or_a_list(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as first, a_worker(valkey_url) as second:
        await first.hold(row.pk)
        await until(lambda: bool(versions(row)), what="stored")
        assert not await second.hold(row.pk), "while the window lasts it is the first one's"

        await sync_to_async(leases.hand_over)(first.owner, row.pk)
        assert await second.hold(row.pk)
        cluster.control.step("scale", namespace="shop", name="web", replicas=7)

        await until(lambda: pods(row) == truth(cluster, "Pod"), what="the second has it")
        assert (await sync_to_async(Lease.objects.get)(cluster=row)).fence == 2
        assert await sync_to_async(Snapshot.objects.filter(cluster=row).count)() == 1, "no new first picture"
        await until(lambda: row.pk not in first.windows, what="the first has let go")


async def test_the_same_worker_takes_its_own_window_again_with_its_streams_open(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as worker:
        await worker.hold(row.pk)
        await until(lambda: bool(versions(row)), what="stored")
        window = worker.windows[row.pk]
        asked = window.reading.connection.requests_sent
        await sync_to_async(leases.hand_over)(worker.owner, row.pk)

        assert await worker.hold(row.pk)

        assert worker.windows[row.pk] is window
        assert window.reading.connection.requests_sent - asked <= 2
        assert (await sync_to_async(Lease.objects.get)(cluster=row)).fence == 1


async def test_what_a_worker_writes_under_an_old_fence_is_refused(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as slept:
        await slept.hold(row.pk)
        await until(lambda: bool(versions(row)), what="stored")
        window = slept.windows[row.pk]
        await sync_to_async(Lease.objects.filter(cluster=row).update)(owner="another", fence=9)
        window.on_news()
        batch = window.take_batch()
        assert batch is not None

        assert await sync_to_async(pipeline.store)([batch], slept.owner) == {row.pk}
        await until(lambda: row.pk not in slept.windows, what="it lets go")


async def test_a_new_credential_is_taken_up_without_a_restart(
    cluster: SimulatedCluster, valkey_url: str
) -> None:
    row = await sync_to_async(register)(cluster)
    async with a_worker(valkey_url) as worker:
        await worker.hold(row.pk)
        await until(lambda: bool(versions(row)), what="stored")
        cluster.control.fault("unauthorized")
        for follower in worker.windows[row.pk].reading.followers:
            follower.close()
        await until(
            lambda: ClusterState.objects.get(cluster=row).connection_reason == "auth_401",
            what="rejected",
            seconds=25,
        )
        cluster.control.clear()
        login = logins.token_login(cluster.token)
        change = sync_to_async(registry.change_credential)
        await change(row, login, settings.CLUSTER_KEYRING().public_key, now_ms=now_ms())

        await until(
            lambda: ClusterState.objects.get(cluster=row).connection == "live", what="live", seconds=15
        )
