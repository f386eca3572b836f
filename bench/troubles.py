"""A1: from a trouble in a simulated cluster to the request at a receiver, beside an Alertmanager's delay."""

import time
from collections.abc import Callable

from bench.alertmanager import alertmanager
from bench.figures import Figure
from bench.quantiles import percentile
from tests.killing import troubles
from tests.killing.places import TIMES, Place, embedded
from tests.metrics.notify.receivers import OK, Call, Receiver, receiving
from tests.waiting import wait_until

TROUBLES = 40
PAUSE_SECONDS = 1.13
"""A destination is told once a second at most; and no beat of ours shall fall in with it."""
WAIT_SECONDS = float(TIMES["TOPMAST_GROUP_WAIT_SECONDS"])
LONGEST_SECONDS = 30


def measure() -> Figure:
    """p99 over `for` (0 s here) and `group_wait`."""
    with embedded() as place:
        portal = _delays(place.receiver, lambda name: troubles.begin(place.cluster.control, name), place)
    with receiving() as receiver, alertmanager([receiver.url()], wait_seconds=WAIT_SECONDS) as post:
        yardstick = _delays(receiver, post)
    print(f"A problem → request over group_wait: median {percentile(portal, 50)} s of {len(portal)}")
    return Figure(
        id="A1",
        name="problem → request, p99 over for + group_wait",
        value=percentile(portal, 99),
        unit="s",
        goal=2,
        yardstick="Alertmanager: alert posted → webhook, over group_wait",
        yardstick_value=percentile(yardstick, 99),
    )


def _delays(receiver: Receiver, begin: Callable[[str], None], place: Place | None = None) -> list[float]:
    """Seconds from each beginning to its request, less the wait; what never came counts as the longest."""
    came: list[tuple[float, bytes]] = []

    def note(call: Call) -> None:
        came.append((time.monotonic(), call.body))
        call.connection.sendall(OK)

    receiver.behaviours["/hook"] = note
    if place is not None:
        begin("warm-up")
        wait_until(lambda: came, within_seconds=90, what="the first request")
    began: dict[str, float] = {}
    for number in range(TROUBLES):
        name = f"trouble-{number:03}"
        began[name] = time.monotonic()
        begin(name)
        time.sleep(PAUSE_SECONDS)
    time.sleep(5)
    found = []
    for name, at in began.items():
        heard = [moment for moment, body in came if name.encode() in body]
        found.append(min(heard) - at - WAIT_SECONDS if heard else LONGEST_SECONDS)
    return found
