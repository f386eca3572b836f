"""A3: 500 destinations of which every tenth fails: how long the healthy ones wait."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

from bench.alertmanager import alertmanager
from bench.crowd import Crowd, a_crowd
from bench.figures import Figure
from bench.quantiles import percentile
from portal.settings import BASE_DIR
from tests.killing import troubles
from tests.killing.places import TIMES, Place, embedded
from tests.portal.running import clean_environment
from tests.waiting import wait_until

DESTINATIONS = 500
TROUBLES = 4
PAUSE_SECONDS = 9.0
WAIT_SECONDS = float(TIMES["TOPMAST_GROUP_WAIT_SECONDS"])
LONGEST_SECONDS = 60.0


def measure() -> Figure:
    """p99 over `group_wait` of what the healthy ones are told; what never came counts as a minute."""
    with embedded() as place, a_crowd(DESTINATIONS) as crowd:
        _register(place, crowd)
        portal = _delays(crowd, lambda name: troubles.begin(place.cluster.control, name))
    with a_crowd(DESTINATIONS) as crowd:
        urls = [crowd.url(address) for address in crowd.addresses]
        with alertmanager(urls, wait_seconds=WAIT_SECONDS) as post:
            yardstick = _delays(crowd, post)
    medians = [percentile(portal, 50), percentile(yardstick, 50)]
    print(f"{DESTINATIONS} destinations: medians {medians} s, ours first")
    return Figure(
        id="A3",
        name=f"{DESTINATIONS} destinations, a tenth fails: p99 of the healthy",
        value=percentile(portal, 99),
        unit="s",
        goal=5,
        yardstick="Alertmanager with as many, the same fail",
        yardstick_value=percentile(yardstick, 99),
    )


def _register(place: Place, crowd: Crowd) -> None:
    urls = [crowd.url(address) for address in crowd.addresses]
    subprocess.run(
        [sys.executable, "-m", "bench.preparing", "destinations"],
        input=json.dumps(urls).encode(), stdout=subprocess.DEVNULL, check=True, cwd=BASE_DIR,
        env={
            **clean_environment(), **place.processes.variables, "DJANGO_SETTINGS_MODULE": "portal.settings",
        },
    )  # fmt: skip
    troubles.begin(place.cluster.control, "warm-up")
    wait_until(lambda: len(crowd.came) >= len(crowd.healthy), within_seconds=120, what="the first round")


def _delays(crowd: Crowd, begin: Callable[[str], None]) -> list[float]:
    began: dict[str, float] = {}
    for number in range(TROUBLES):
        name = f"trouble-{number:03}"
        began[name] = time.monotonic()
        begin(name)
        time.sleep(PAUSE_SECONDS)
    found = []
    for name, at in began.items():
        first: dict[str, float] = {}
        for one in list(crowd.came):
            if name.encode() in one.body:
                first.setdefault(one.address, one.at_seconds)
        found += [first.get(one, at + LONGEST_SECONDS) - at - WAIT_SECONDS for one in crowd.healthy]
    return found
