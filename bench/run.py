"""The whole fleet: read from nothing, at rest, changing, watched by many."""

import asyncio

from bench import bare, holding, reading, telling
from bench.figures import Figure
from bench.options import Options
from bench.peers import client_cost, kubectl_cost
from bench.portals import a_portal
from bench.stage import Stage
from tests.simulated import simulated


async def measure(options: Options) -> list[Figure]:
    """B2 to B10, each beside its yardstick."""
    size = {"clusters": options.clusters, "pods": options.pods, "nodes": options.nodes}
    with simulated(fleet="bench", **size) as fleet, a_portal() as portal:
        stage = Stage(options, fleet, portal)
        await _measure_yardsticks(stage)
        await reading.measure(stage)
        if options.wants("B3a", "B3b", "B10"):
            await holding.measure(stage)
        if options.wants("B4"):
            await telling.measure(stage)
    return [figure for figure in stage.figures if options.wants(figure.id)]


async def _measure_yardsticks(stage: Stage) -> None:
    """Before the portal has anything to do; then what it costs without clusters."""
    clusters = stage.clusters
    stage.kubectl = await asyncio.to_thread(kubectl_cost, clusters[0])
    stage.client = await asyncio.to_thread(client_cost, clusters[0])
    stage.bare_seconds, read_bytes = await bare.read_all(clusters)
    print(f"A bare read of {read_bytes / 1e9:.2f} GB takes {stage.bare_seconds:.2f} s")
    stage.empty_sign_in_ms = await asyncio.to_thread(stage.portal.sign_in_ms)
    async with telling.an_idle_page(stage.portal):
        stage.empty_cores = await holding.cores(stage, "The empty portal", min(20.0, stage.options.seconds))
        stage.empty_bytes = stage.portal.memory_bytes()
    print(f"The empty portal holds {stage.empty_bytes / 1e6:.0f} MB")
