"""Named points on the way from a cluster to a receiver, at which the kill matrix has a process die.

Nothing happens at any of them unless TOPMAST_DIE_AT names a file. Whoever comes to the point that stands in
that file removes it and kills the process whose id stands behind the point, else itself, without a chance to
tidy up. `make kill-matrix` writes such files; nobody else has a reason to.
"""

import os
import signal
import time
from pathlib import Path

_ORDERS = os.environ.get("TOPMAST_DIE_AT", "")


def reached(point: str) -> None:
    """Say that this point is reached."""
    if _ORDERS:
        _obey(point, Path(_ORDERS))


def _obey(point: str, orders: Path) -> None:
    try:
        wanted, _, victim = orders.read_text().strip().partition(" ")
        if wanted != point:
            return
        orders.unlink()
    except FileNotFoundError:
        return  # Nothing is ordered, or another thread was first.
    if victim:
        os.kill(int(victim), signal.SIGKILL)
        return
    os.kill(os.getpid(), signal.SIGKILL)
    while True:  # The signal reaches other threads a moment later; this one does nothing more.
        time.sleep(1)
