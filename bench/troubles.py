"""A1: from a trouble in a simulated cluster to the request at a receiver, beside an Alertmanager's delay."""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure
from bench.quantiles import percentile
from tests.killing import troubles
from tests.killing.places import TIMES, Place, embedded
from tests.metrics.notify.receivers import OK, Call, Receiver, receiving
from tests.waiting import free_port, wait_until

TROUBLES = 40
PAUSE_SECONDS = 1.13
"""A destination is told once a second at most; and no beat of ours shall fall in with it."""
WAIT_SECONDS = float(TIMES["TOPMAST_GROUP_WAIT_SECONDS"])
LONGEST_SECONDS = 30


def measure() -> Figure:
    """p99 over `for` (0 s here) and `group_wait`."""
    with embedded() as place:
        portal = _delays(place.receiver, lambda name: troubles.begin(place.cluster.control, name), place)
    with receiving() as receiver, _alertmanager(receiver) as post:
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


@contextmanager
def _alertmanager(receiver: Receiver) -> Iterator[Callable[[str], None]]:
    """Debian's, with the same wait; gives what posts an alert to it."""
    port = free_port()
    config = (
        f"route: {{receiver: r, group_by: [name], group_wait: {WAIT_SECONDS * 1000:.0f}ms}}\n"
        f"receivers: [{{name: r, webhook_configs: [{{url: '{receiver.url()}'}}]}}]\n"
    )

    def post(name: str) -> None:
        body = json.dumps([{"labels": {"alertname": "Trouble", "name": name}}]).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v2/alerts", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    with tempfile.TemporaryDirectory(prefix="alertmanager-") as folder:
        (Path(folder) / "config.yml").write_text(config)
        process = subprocess.Popen(
            [
                "prometheus-alertmanager", f"--config.file={folder}/config.yml",
                f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: _answers(port), within_seconds=20, what="Alertmanager")
            yield post
        finally:
            process.terminate()
            process.wait(10)


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close()
    except OSError:
        return False
    return True
