"""Reads metrics.k8s.io of one cluster: nodes every 30 s, pods every 60 s.

Usage is not a change: it never enters the journal. A cluster without metrics-server has unknown usage,
not none, and everything else of it stays live.
"""

import asyncio
import math
import random
import time

from clusters.connection.errors import ClusterError, Reason
from clusters.connection.http import Connection, raise_for_status
from clusters.mirror.beats import seconds_to_beat
from clusters.mirror.mirror import Mirror, NodeUsage
from clusters.mirror.reading import ClusterReading
from clusters.state.summary import Cpu, KindState, Memory
from metrics.pipeline import UsageRows
from metrics.reading.window import Window
from metrics.series.figures import cluster_points, node_points
from metrics.series.ticks import pack_tick, tick_at_ms
from metrics.usage import rounds
from metrics.usage.readings import Usage, UsageFormatError, decode_node_usage, pod_usage_portions

NODE_SECONDS = 30.0
POD_SECONDS = 60.0
NODES = "/apis/metrics.k8s.io/v1beta1/nodes"
PODS = "/apis/metrics.k8s.io/v1beta1/pods"
LIMIT_BYTES = 256 << 20
DEADLINE_SECONDS = 20.0


async def follow(window: Window, packing: asyncio.Lock) -> None:
    """Read usage until cancelled, from when the cluster is whole; `packing` is the process's."""
    await window.reading.whole.wait()
    async with asyncio.TaskGroup() as group:
        group.create_task(_follow_nodes(window))
        group.create_task(_follow_pods(window, packing))


async def _follow_nodes(window: Window) -> None:
    """Rounds are spread over the seconds of the half minute: of 210 clusters, seven are asked at once."""
    reading = window.reading
    planned_at = time.monotonic() + random.uniform(0.3, 1.0) * NODE_SECONDS
    while True:
        await reading.well.wait()
        # The tick counts for the moment the round began: how long answers take would shift it to and fro.
        tick_ms = tick_at_ms(reading.now_ms())
        before = reading.mirror.usage_state
        await _read_nodes(reading)
        window.keep_usage(UsageRows(tick_ms, tick=_tick(reading.mirror)))
        if reading.mirror.usage_state is not before:
            window.on_news()
        elif reading.mirror.usage_at_ms is not None:
            window.on_usage()
        planned_at = await _until_next(planned_at, NODE_SECONDS)


async def _follow_pods(window: Window, packing: asyncio.Lock) -> None:
    """Rounds are spread over the minute: pods of many clusters at once would hold up all else."""
    reading = window.reading
    planned_at = time.monotonic() + random.uniform(0.3, 1.0) * POD_SECONDS
    while True:
        await reading.well.wait()
        pods = await _read_pods(reading.connection, packing)
        if pods is not None:
            window.keep_usage(UsageRows(reading.now_ms(), pods=pods))
        planned_at = await _until_next(planned_at, POD_SECONDS)


async def _until_next(planned_at: float, every_seconds: float) -> float:
    """Wait for the next round, together with those of other clusters; what is planned after it."""
    now = time.monotonic()
    next_at = next_round_at(planned_at, now, every_seconds)
    await asyncio.sleep(max(1.0, seconds_to_beat(now, next_at - now)))
    return next_at + every_seconds


def next_round_at(planned_seconds: float, now_seconds: float, every_seconds: float) -> float:
    """When to read next: as planned, and where that is past (the cluster was away), later in the same beat.

    Rounds that were missed are not made up for: nobody can say any more what was used then.
    """
    missed = max(0, math.ceil((now_seconds - planned_seconds) / every_seconds))
    return planned_seconds + missed * every_seconds


async def _read_nodes(reading: ClusterReading) -> None:
    """Read what the nodes use into the mirror."""
    mirror = reading.mirror
    try:
        answer = await reading.connection.get(
            NODES, deadline_seconds=DEADLINE_SECONDS, limit_bytes=LIMIT_BYTES
        )
        raise_for_status(answer)
        reading.answered()
        usage = _by_name(decode_node_usage(answer.body))
    except (ClusterError, UsageFormatError) as error:
        state = _state(reading, "stale", _reason(error))
        mirror.set_node_usage({}, at_ms=None, state=state)
    else:
        state = _state(reading, "live", "")
        mirror.set_node_usage(usage, at_ms=reading.now_ms(), state=state)


def _by_name(usages: list[Usage]) -> NodeUsage:
    return {one.name: (one.cpu_cores, one.memory_bytes) for one in usages}


def _state(reading: ClusterReading, state: str, reason: str) -> KindState:
    before = reading.mirror.usage_state
    if before is not None and (before.state, before.reason) == (state, reason):
        return before
    return KindState(state, reason=reason, since_ms=reading.now_ms())


def _reason(error: ClusterError | UsageFormatError) -> str:
    """404 and 503 both mean that there is no metrics-server to answer."""
    if isinstance(error, UsageFormatError):
        return str(Reason.PROTOCOL)
    absent = error.reason in (Reason.NOT_KUBERNETES, Reason.SERVER_5XX)
    return "metrics_unavailable" if absent else str(error.reason)


async def _read_pods(connection: Connection, packing: asyncio.Lock) -> bytes | None:
    try:
        answer = await connection.get(PODS, deadline_seconds=DEADLINE_SECONDS, limit_bytes=LIMIT_BYTES)
        raise_for_status(answer)
        async with packing:
            return await _pack_pods(answer.body)
    except (ClusterError, UsageFormatError):
        return None  # The nodes' reading says what is wrong.


async def _pack_pods(body: bytes | bytearray) -> bytes:
    """A portion a turn of the loop, of one cluster at a time: 10,000 pods take 50 ms or more.

    In a thread they would keep the loop waiting for the interpreter at each record of TLS that it reads.
    """
    usages: list[Usage] = []
    for portion in pod_usage_portions(body):
        usages += portion
        await asyncio.sleep(0)
    return await asyncio.to_thread(rounds.pack, usages)


def _tick(mirror: Mirror) -> bytes:
    """One point of every figure of the cluster and of each node."""
    points = {"": cluster_points(mirror.summary(), restarts_total=mirror.totals.restarts)}
    usage = mirror.node_usage()
    for node in mirror.objects("Node").values():
        cores, used_bytes = usage.get(node.name, (None, None))
        requested = mirror.totals.requested_by_node.get(node.name)
        points[f"Node/{node.name}"] = node_points(
            cpu=Cpu(cores, requested.milli / 1000 if requested else 0.0, node.cpu_cores),
            memory=Memory(used_bytes, requested.bytes if requested else 0, node.memory_bytes),
            pods_total=requested.pods if requested else 0,
        )
    return pack_tick(points)
