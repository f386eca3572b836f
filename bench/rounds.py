"""B1: what changes cost in one big cluster, 1 % of it changing a round."""

import asyncio
import time

from bench.figures import Figure
from bench.options import Options
from bench.peers import kubectl_cost
from bench.portals import MeasuredPortal, a_portal
from tests.simulated import SimulatedFleet, simulated

ROUND_SECONDS = 0.25
REST_SECONDS = 10.0
SETTLE_SECONDS = 10.0
STORED_SECONDS = 2.0


async def measure(options: Options) -> list[Figure]:
    """CPU per 1,000 changed pods, over what the portal costs with the same cluster at rest."""
    nodes = max(1, options.big_pods // 50)
    with (
        simulated(fleet="bench", clusters=1, pods=options.big_pods, nodes=nodes) as fleet,
        a_portal() as portal,
    ):
        portal.register(list(fleet.clusters.values()))
        await _until_stored(portal)
        rounds = max(5, int(options.seconds * 2))
        spent = await _cost_of_rounds(portal, fleet, a_round=options.big_pods // 100, rounds=rounds)
        (cluster,) = fleet.clusters.values()
        kubectl = kubectl_cost(cluster)
    changed_thousands = options.big_pods // 100 * rounds / 1000
    return [
        Figure(
            id="B1", name=f"CPU per 1,000 changed pods of {options.big_pods:,}, 1 % a round",
            unit="s", goal=0.1,
            value=spent / changed_thousands,
            yardstick="kubectl get pods -A, once a round",
            yardstick_value=kubectl.cpu_seconds * rounds / changed_thousands if kubectl else None,
        )
    ]  # fmt: skip


async def _until_stored(portal: MeasuredPortal) -> None:
    async with asyncio.timeout(120):
        while portal.keyframes() < 1:
            await asyncio.sleep(0.2)
    await asyncio.sleep(SETTLE_SECONDS)


async def _cost_of_rounds(
    portal: MeasuredPortal, fleet: SimulatedFleet, *, a_round: int, rounds: int
) -> float:
    """CPU seconds of the rounds, without what the same time at rest costs."""
    rest_cores = await portal.cores_over(REST_SECONDS)
    spent, began = portal.cpu_seconds(), time.monotonic()
    for _ in range(rounds):
        await asyncio.to_thread(fleet.control.change, a_round)
        await asyncio.sleep(ROUND_SECONDS)
    await asyncio.sleep(STORED_SECONDS)  # What was changed last is written a second later.
    lasted = time.monotonic() - began
    return portal.cpu_seconds() - spent - rest_cores * lasted
