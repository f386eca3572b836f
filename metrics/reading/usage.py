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
from metrics.reading.window import Window
from metrics.series.figures import cluster_points, node_points
from metrics.series.ticks import pack_tick, tick_at_ms
from metrics.usage import rounds
from metrics.usage.readings import Usage, UsageFormatError, decode_node_usage, decode_pod_usage

ROUND_SECONDS = 30.0
BEAT_SECONDS = 5.0
"""Rounds of many clusters begin together, a sixth of all at a time."""
NODES = "/apis/metrics.k8s.io/v1beta1/nodes"
PODS = "/apis/metrics.k8s.io/v1beta1/pods"
LIMIT_BYTES = 256 << 20
DEADLINE_SECONDS = 20.0


async def follow(window: Window) -> None:
    """Read usage until cancelled. The first round comes as soon as the cluster is whole.

    Rounds are spread over six moments of the half minute, so that 210 clusters are not asked at once.
    """
    reading = window.reading
    await reading.whole.wait()
    round_number = 0
    next_at = time.monotonic()
    while True:
        await reading.well.wait()
        # The tick counts for the moment the round began: how long answers take would shift it to and fro.
        tick_ms = tick_at_ms(reading.now_ms())
        before = reading.mirror.usage_state
        await _read_nodes(reading)
        pods = await _read_pods(reading.connection) if round_number % 2 == 0 else None
        window.keep_usage(tick_ms, _tick(reading.mirror), reading.now_ms(), pods)
        if reading.mirror.usage_state is not before:
            window.on_news()
        elif reading.mirror.usage_at_ms is not None:
            window.on_usage()
        wait_seconds = ROUND_SECONDS if round_number else random.uniform(0.3, 1.0) * ROUND_SECONDS
        next_at = next_round_at(next_at + wait_seconds, time.monotonic())
        round_number += 1
        now = time.monotonic()
        await asyncio.sleep(max(1.0, seconds_to_beat(now, next_at - now, beat_seconds=BEAT_SECONDS)))


def next_round_at(planned_seconds: float, now_seconds: float) -> float:
    """When to read next: as planned, and where that is past (the cluster was away), later in the same beat.

    Rounds that were missed are not made up for: nobody can say any more what was used then.
    """
    missed = max(0, math.ceil((now_seconds - planned_seconds) / ROUND_SECONDS))
    return planned_seconds + missed * ROUND_SECONDS


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


async def _read_pods(connection: Connection) -> bytes | None:
    try:
        answer = await connection.get(PODS, deadline_seconds=DEADLINE_SECONDS, limit_bytes=LIMIT_BYTES)
        raise_for_status(answer)
        connection.drop_stretched()  # The next is a minute away, and a handshake costs 2 ms.
        # In a thread: 10,000 pods take 44 ms, in which no other cluster's change would leave.
        return await asyncio.to_thread(_pack_pods, answer.body)
    except (ClusterError, UsageFormatError):
        return None  # The nodes' reading says what is wrong.


def _pack_pods(body: bytes | bytearray) -> bytes:
    return rounds.pack(decode_pod_usage(body))


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
