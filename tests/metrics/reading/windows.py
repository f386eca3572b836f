"""A window with nothing behind it: changes are put in by hand, and time passes a second a look."""

import asyncio
from types import SimpleNamespace
from typing import Any

from clusters import leases
from clusters.mirror.line import Line
from clusters.mirror.mirror import Mirror
from metrics.reading.window import Identity, Window
from tests.metrics.reading.rules import an_alerting
from tests.metrics.rows import a_cluster

OWNER = "one"


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        self.now_ms += 1_000
        return self.now_ms


def a_window(*, is_stored: bool = True) -> Window:
    cluster = a_cluster()
    held = leases.take(cluster.pk, OWNER, 1_000_000)
    assert held is not None
    identity = Identity(cluster.pk, str(cluster.uuid), 1, held.fence, 1)
    window = Window(
        identity, number=0, health=None, is_stored=is_stored, publish=lambda _frame: None, now_ms=Clock()
    )
    well = asyncio.Event()
    well.set()
    reading: Any = SimpleNamespace(
        line=Line(state="live"), mirror=Mirror(heed=window.heed), versions=lambda: {"Pod": "1"}, well=well
    )
    window.reading = reading
    window.alerting = an_alerting(cluster.pk)
    return window
