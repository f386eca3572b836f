"""B10, B3a and B3b: what a fleet costs that is held: at rest, with changes, with pod usage, in memory."""

import asyncio

from bench import telling
from bench.figures import Figure
from bench.stage import Stage

SETTLE_SECONDS = 20.0
POLL_SECONDS = 15.0
"""How often a program that lists instead of watching would have to ask."""
USAGE_SECONDS = 60.0
"""Pods' usage is read once a minute: less would count part of a round."""
POD_USAGE = r"metrics\.k8s\.io/v1beta1/pods"


async def measure(stage: Stage) -> None:
    """With one fleet page open all the time, as when the portal was empty."""
    control, seconds = stage.fleet.control, stage.options.seconds
    async with telling.an_idle_page(stage.portal):
        await asyncio.to_thread(control.fault, "status", code=404, path=POD_USAGE)
        await asyncio.sleep(SETTLE_SECONDS)
        rest_cores = await cores(stage, "The fleet at rest", seconds)
        await asyncio.to_thread(control.pace, stage.options.events_per_second)
        await asyncio.sleep(3)
        changing_cores = await cores(stage, "The fleet changing", seconds)
        await asyncio.to_thread(control.clear)
        await asyncio.sleep(3)
        usage_cores = await cores(stage, "The fleet changing, with pod usage", max(USAGE_SECONDS, seconds))
        held_bytes = stage.portal.memory_bytes()
    stage.figures += _figures(stage, rest_cores, changing_cores, usage_cores, held_bytes)


async def cores(stage: Stage, what: str, seconds: float) -> float:
    """How much of a core the portal takes over some seconds, and which of its programs."""
    before = stage.portal.costs()
    used = await stage.portal.cores_over(seconds)
    parts = {name: round((after - before[name]) / seconds, 4) for name, after in stage.portal.costs().items()}
    print(f"{what}: {used:.3f} core; {parts}")
    return used


def _figures(
    stage: Stage, rest_cores: float, changing_cores: float, usage_cores: float, held_bytes: int
) -> list[Figure]:
    options = stage.options
    pods = options.clusters * options.pods
    client = stage.client
    polling = client.cpu_seconds * options.clusters / POLL_SECONDS if client else None
    fleet = f"{options.clusters} clusters, {pods:,} pods"
    official = f"official client listing all every {POLL_SECONDS:.0f} s (one cluster, times all)"
    return [
        Figure(
            id="B3a", name=f"{fleet}, {options.events_per_second:g} events/s, without pod usage",
            value=changing_cores, unit="core", goal=0.5, yardstick=official, yardstick_value=polling,
        ),
        Figure(
            id="B3a", name="the same with pod usage", value=usage_cores, unit="core", goal=0.6,
            yardstick=official, yardstick_value=polling,
        ),
        Figure(
            id="B3b", name="memory a pod over the empty portal's", unit="KB", goal=1.0,
            value=(held_bytes - stage.empty_bytes) / pods / 1000,
            yardstick="official client's objects",
            yardstick_value=client.bytes_a_pod / 1000 if client else None,
        ),
        Figure(
            id="B10", name=f"{fleet}, unchanged, over the empty portal", value=rest_cores - stage.empty_cores,
            unit="core", goal=0.01, yardstick=official, yardstick_value=polling,
        ),
    ]  # fmt: skip
