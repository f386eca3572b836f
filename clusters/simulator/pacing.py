"""A steady beat of changes over all clusters of a measured fleet, each told with the moment it was sent."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from clusters.simulator.cluster import Cluster
from clusters.simulator.world.bulk import BulkWorld

REMEMBERED = 200_000


@dataclass(frozen=True)
class Sent:
    """One change that was sent: where, what, and when."""

    number: int
    cluster: str
    key: str
    revision: int
    sent_at_ms: float


class Pacer:
    """Changes one pod after another, the clusters in turn."""

    def __init__(self, clusters: list[Cluster], per_second: float, how: str) -> None:
        self._clusters = [one for one in clusters if isinstance(one.world, BulkWorld)]
        self._turn = 0
        self.per_second = per_second
        self.how = how
        self.sent: deque[Sent] = deque(maxlen=REMEMBERED)
        self.count = 0

    async def run(self) -> None:
        """Keep the beat until cancelled. What was missed while the loop was busy is made up for."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if not self.per_second or not self._clusters:
                await asyncio.sleep(0.05)
                due = loop.time()
                continue
            while due <= loop.time():
                self.send_one()
                due += 1 / self.per_second
            # uvloop counts whole milliseconds: less than one would spin.
            await asyncio.sleep(max(due - loop.time(), 0.001))

    def send_one(self, cluster: Cluster | None = None) -> Sent:
        """One change now, in the cluster whose turn it is or in the one named."""
        if cluster is None:
            cluster = self._clusters[self._turn % len(self._clusters)]
            self._turn += 1
        assert isinstance(cluster.world, BulkWorld)
        sent_at_ms = time.time_ns() / 1e6
        event = cluster.world.change_one(self.how, sent_at_ms)
        self.count += 1
        sent = Sent(self.count, cluster.name, event.now.key, event.revision, sent_at_ms)
        self.sent.append(sent)
        return sent
