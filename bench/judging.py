"""A4: what judging 10,000 pairs of rule and cluster costs, and whether every slot is kept."""

import asyncio
import contextlib
import math
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import processes
from bench.figures import Figure
from bench.portals import MeasuredPortal, a_portal
from metrics.alerts.rules import rulebook
from tests.simulated import simulated
from tests.waiting import free_port

RULES = sum(1 for rule in rulebook().values() if not rule.is_off and rule.about != "Portal")
PAIRS = 10_000
CLUSTERS = math.ceil(PAIRS / RULES)
PODS, NODES = 20, 3
SLOT_MS = 15_000
SECONDS = 45.0
SETTLE_SECONDS = 20.0
LATE_MS = 2_000


async def measure() -> list[Figure]:
    """The same portal with all rules on, then with all of them off; then Prometheus with as many rules."""
    with simulated(fleet="bench", clusters=CLUSTERS, pods=PODS, nodes=NODES) as fleet, a_portal() as portal:
        await asyncio.to_thread(portal.register, list(fleet.clusters.values()))
        async with asyncio.timeout(90):
            while portal.keyframes() < CLUSTERS:
                await asyncio.sleep(0.5)
        await asyncio.sleep(SETTLE_SECONDS)
        missing = asyncio.create_task(_missed_slots(portal))
        judging = await portal.cores_over(SECONDS)
        missed = await missing
        await asyncio.to_thread(portal.switch_rules_off)
        await asyncio.sleep(SETTLE_SECONDS)
        resting = await portal.cores_over(SECONDS)
    with _prometheus() as pid:
        yardstick = await _cores_of(pid)
    pairs = RULES * CLUSTERS
    print(f"{RULES} rules × {CLUSTERS} clusters = {pairs} pairs: {judging:.3f} core, off {resting:.3f} core")
    name = f"Prometheus: {PAIRS:,} alerting rules each 15 s"
    return [
        Figure("A4", f"CPU of judging {pairs:,} pairs", judging - resting, "core", 0.1, name, yardstick),
        Figure("A4", "clusters not judged in a slot", missed, "", 0, "", None),
    ]


async def _missed_slots(portal: MeasuredPortal) -> float:
    """How many clusters were without a proof of a slot shortly after it began; of all slots meanwhile."""
    missed = 0
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        now_ms = time.time_ns() // 1_000_000
        slot_ms = now_ms - now_ms % SLOT_MS + SLOT_MS
        await asyncio.sleep((slot_ms + LATE_MS - now_ms) / 1000)
        missed += await asyncio.to_thread(_unproved, portal, slot_ms)
    return float(missed)


def _unproved(portal: MeasuredPortal, slot_ms: int) -> int:
    uri = f"file:{portal.database}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as database:
        counted = "SELECT count(*) FROM alerts_evaluation WHERE evaluated_at_ms >= ?"
        return CLUSTERS - int(database.execute(counted, (slot_ms,)).fetchone()[0])


async def _cores_of(pid: int) -> float:
    await asyncio.sleep(SETTLE_SECONDS)
    spent, began = processes.cpu_seconds([pid]), time.monotonic()
    await asyncio.sleep(30)
    return (processes.cpu_seconds([pid]) - spent) / (time.monotonic() - began)


@contextlib.contextmanager
def _prometheus() -> Iterator[int]:
    """Debian's, which reads nothing and evaluates as many rules that hold for nothing."""
    with tempfile.TemporaryDirectory(prefix="prometheus-") as name:
        folder = Path(name)
        (folder / "rules.yml").write_text(_rules())
        (folder / "config.yml").write_text(
            f"global: {{evaluation_interval: 15s}}\nrule_files: [{folder}/rules.yml]\n"
        )
        process = subprocess.Popen(
            [
                "prometheus", f"--config.file={folder}/config.yml", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{free_port()}",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)


def _rules() -> str:
    lines = ["groups:"]
    for group in range(100):
        lines += [f"- name: group-{group}", "  rules:"]
        lines += [
            f'  - {{alert: Rule{number}, expr: \'up{{cluster="{group}", rule="{number}"}} == 0\', for: 15m}}'
            for number in range(PAIRS // 100)
        ]
    return "\n".join(lines) + "\n"
