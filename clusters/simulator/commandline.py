"""The simulator's command line, also behind `manage.py simulate`."""

import argparse
import asyncio
import gc
import json
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import uvloop

from clusters.simulator.control import Control
from clusters.simulator.listener import LOOPBACK
from clusters.simulator.scenario import DEMO, NoScenario, Scenario, load, names
from clusters.simulator.simulation import Settings, Simulation
from clusters.simulator.watching import BOOKMARK_SECONDS
from clusters.simulator.world.bulk import CHANGES

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, for a parser of one's own."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--scenario", action="append", metavar="NAME", help=f"one of: {', '.join(names())}")
    what.add_argument("--fleet", choices=("demo", "bench"), help="several clusters in one process")
    _add_bench_arguments(parser)
    parser.add_argument("--state-dir", type=Path, default=Path("data/simulator"), help="certificates, ports")
    parser.add_argument("--port", type=int, default=0, help="0 (default): the one it had, or any free one")
    parser.add_argument(
        "--host",
        default=LOOPBACK,
        metavar="NAME",
        help="what others call this machine",
    )
    parser.add_argument("--control-port", type=int, help="open a control port on 127.0.0.1; 0: any free one")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same story")
    parser.add_argument("--frozen", type=float, metavar="SECONDS", help="play so much at once, then stop")
    parser.add_argument("--start-ms", type=int, help="what the clock says at the start, for repeatable dates")
    parser.add_argument("--bookmark-seconds", type=float, default=BOOKMARK_SECONDS)
    parser.add_argument("--plain", action="store_true", help="HTTP without TLS, for measuring")


def _add_bench_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clusters", type=int, default=210, help="of --fleet bench")
    parser.add_argument("--pods", type=int, help="in each cluster of --fleet bench")
    parser.add_argument("--nodes", type=int, help="in each cluster of --fleet bench")
    parser.add_argument("--workloads", type=int, help="in each cluster of --fleet bench")
    parser.add_argument("--events-per-second", type=float, default=0.0, help="over all bench clusters")
    parser.add_argument("--change", choices=CHANGES, default="restarts", help="what an event changes")


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    # Half a million objects that all stay: looking through them again and again is time lost.
    gc.disable()
    try:
        simulation = prepare(options)
    except NoScenario as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 2
    uvloop.run(_serve(simulation, options.control_port))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m clusters.simulator`."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="simulator", description="A pretend Kubernetes API server.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def prepare(options: argparse.Namespace) -> Simulation:
    """The simulation that the options describe, not yet open."""
    settings = Settings(
        state_folder=options.state_dir.resolve(),
        seed=options.seed,
        port=options.port,
        bookmark_seconds=options.bookmark_seconds,
        frozen_at_seconds=options.frozen,
        start_ms=options.start_ms,
        is_plain=options.plain,
        events_per_second=options.events_per_second,
        change=options.change,
        host=options.host,
    )
    simulation = Simulation(settings)
    if options.fleet == "bench":
        for number in range(options.clusters):
            simulation.add(_sized(load("fleet"), options), f"fleet-{number + 1:03}")
        return simulation
    for scenario in [load(name) for name in (DEMO if options.fleet == "demo" else options.scenario)]:
        name = scenario.cluster
        taken = sum(each.scenario.cluster == name for each in simulation.clusters.values())
        simulation.add(scenario, f"{name}-{taken + 1}" if taken else name)
    return simulation


def _sized(scenario: Scenario, options: argparse.Namespace) -> Scenario:
    size = dict(scenario.bulk or {})
    given = {name: getattr(options, name) for name in ("pods", "nodes", "workloads")}
    size.update({name: value for name, value in given.items() if value is not None})
    size["workloads"] = min(size["workloads"], size["pods"])
    return replace(scenario, bulk=size)


async def _serve(simulation: Simulation, control_port: int | None) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await simulation.open()
    gc.freeze()
    gc.enable()
    control = Control(simulation)
    if control_port is not None:
        await control.listener.open(control_port)
    print(_announcement(simulation, control.listener.port), flush=True)  # noqa: T201
    await stopped.wait()
    await control.listener.close()
    await simulation.close()


def _announcement(simulation: Simulation, control_port: int) -> str:
    """One line of JSON that says where everything is."""
    clusters = [asdict(one) for one in simulation.describe()]
    said = {
        "control": f"http://127.0.0.1:{control_port}" if control_port else None,
        "kubeconfig": str(simulation.kubeconfig_path),
        "ca": str(simulation.authority.certificate_path),
        "clusters": clusters,
    }
    if len(clusters) == 1:
        said |= {"address": clusters[0]["address"], "token": clusters[0]["token"]}
    return json.dumps(said)
