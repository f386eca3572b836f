"""What `python -m bench` understands, and what it leaves behind: a table and data/bench.json."""

import argparse
import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench import destinations, judging, rounds, run, troubles
from bench.figures import IDS, Figure, as_json, table
from bench.options import Options

RESULT = Path("data/bench.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write; 1 where a goal is missed."""
    options, result = _parsed(arguments)
    figures = uvloop.run(_measure(options))
    figures.sort(key=lambda figure: IDS.index(figure.id))
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(as_json(figures))
    print(f"\n{table(figures)}\n\nOn {os.cpu_count()} cores. Written to {result}.")
    return 0 if all(figure.is_met() for figure in figures) else 1


def _parsed(arguments: Sequence[str] | None) -> tuple[Options, Path]:
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the portal.")
    parser.add_argument("ids", nargs="*", metavar="FIGURE", help=f"any of {', '.join(IDS)}; default: all")
    parser.add_argument("--clusters", type=int, default=defaults.clusters)
    parser.add_argument("--pods", type=int, default=defaults.pods, help="in each cluster")
    parser.add_argument("--nodes", type=int, default=defaults.nodes, help="in each cluster")
    parser.add_argument("--big-pods", type=int, default=defaults.big_pods, help="in the one cluster of B1")
    parser.add_argument("--seconds", type=float, default=defaults.seconds, help="of each measurement")
    parser.add_argument("--events-per-second", type=float, default=defaults.events_per_second)
    parser.add_argument("--result", type=Path, default=RESULT, help=f"default: {RESULT}")
    given = parser.parse_args(arguments)
    for name in given.ids:
        if name not in IDS:
            parser.error(f"{name!r} is no figure; they are: {', '.join(IDS)}")
    options = Options(
        clusters=given.clusters,
        pods=given.pods,
        nodes=given.nodes,
        seconds=given.seconds,
        events_per_second=given.events_per_second,
        big_pods=given.big_pods,
        wanted=frozenset(given.ids),
    )
    return options, given.result


async def _measure(options: Options) -> list[Figure]:
    task = asyncio.current_task()
    assert task is not None
    # Told to end, it ends what it has started too.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    figures: list[Figure] = []
    if options.wants("B1"):
        figures += await rounds.measure(options)
    if options.wants("B2a", "B2b", "B3a", "B3b", "B4", "B10"):
        figures += await run.measure(options)
    if options.wants("A1"):
        figures.append(await asyncio.to_thread(troubles.measure))
    if options.wants("A3"):
        figures.append(await asyncio.to_thread(destinations.measure))
    if options.wants("A4"):
        figures += await judging.measure()
    return figures
