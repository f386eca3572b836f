"""A reading of a simulated cluster, and how to compare it with what the cluster holds."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network

from clusters.connection.settings import ConnectionSettings
from clusters.kinds import all_kinds
from clusters.mirror.changes import Change
from clusters.mirror.line import Line
from clusters.mirror.mirror import Mirror
from clusters.mirror.reading import ClusterReading, Pace
from tests.simulated import SimulatedCluster

QUICK = Pace(probe_seconds=1.0, deadline_seconds=2.0)
"""So that tests of many faults end; one or two run at the usual pace."""
LOOPBACK = (ip_network("127.0.0.0/8"),)


def settings_of(cluster: SimulatedCluster, **others: object) -> ConnectionSettings:
    """How to reach a simulated cluster."""
    facts = {"server": cluster.address, "ca_pem": cluster.ca_pem, "token": cluster.token, **others}
    return ConnectionSettings(allowed_ranges=LOOPBACK, **facts)  # type: ignore[arg-type]


@dataclass
class Observed:
    """A reading under way and all that it has said."""

    reading: ClusterReading
    cluster: SimulatedCluster
    changes: list[Change] = field(default_factory=list)

    def held(self) -> dict[str, dict[str, str]]:
        """Kind to uid to version, as the mirror has it."""
        mirror = self.reading.mirror
        return {
            kind.name: {uid: one.version for uid, one in mirror.objects(kind.name).items()}
            for kind in all_kinds()
        }

    def truth(self) -> dict[str, dict[str, str]]:
        """The same as the cluster has it."""
        return {
            kind.name: {
                one["metadata"]["uid"]: one["metadata"]["resourceVersion"]
                for one in self.cluster.control.objects(kind.name)
            }
            for kind in all_kinds()
        }

    async def until(self, holds: Callable[[], bool], *, seconds: float, what: str) -> float:
        """Wait until something holds; how long it took."""
        began = time.monotonic()
        while not holds():
            line = self.reading.line
            assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}; the line is {line}"
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def until_true_to(self, *, seconds: float) -> float:
        """Wait until the mirror holds what the cluster holds."""
        began = time.monotonic()
        while (held := self.held()) != (truth := await asyncio.to_thread(self.truth)):
            assert time.monotonic() - began < seconds, difference(held, truth)
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    async def until_live(self, *, seconds: float) -> float:
        """Wait until the line is live."""
        return await self.until(lambda: self.reading.line.state == "live", seconds=seconds, what="live")


@asynccontextmanager
async def observed(
    cluster: SimulatedCluster,
    *,
    versions: dict[str, str] | None = None,
    mirror: Mirror | None = None,
    pace: Pace = QUICK,
    **settings: object,
) -> AsyncIterator[Observed]:
    """Read a simulated cluster for the time of a test."""
    changes: list[Change] = []
    reading = ClusterReading(
        settings_of(cluster, **settings),
        kinds=all_kinds(),
        mirror=mirror or Mirror(),
        line=Line(),
        versions=versions or {},
        list_slots=asyncio.Semaphore(16),
        on_change=changes.append,
        on_news=lambda: None,
        now_ms=lambda: time.time_ns() // 1_000_000,
        pace=pace,
    )
    task = asyncio.create_task(reading.run())
    try:
        yield Observed(reading, cluster, changes)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def difference(held: dict[str, dict[str, str]], truth: dict[str, dict[str, str]]) -> str:
    """Where two pictures differ, in a line a kind."""
    lines = []
    for kind, there in truth.items():
        here = held[kind]
        missing, extra = there.keys() - here.keys(), here.keys() - there.keys()
        stale = sum(here[uid] != there[uid] for uid in here.keys() & there.keys())
        if missing or extra or stale:
            lines.append(f"{kind}: {len(missing)} missing, {len(extra)} too many, {stale} of another version")
    return "; ".join(lines) or "no difference"
