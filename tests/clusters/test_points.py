"""Points at which a process dies, and only when it is told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from portal.settings import BASE_DIR

PROGRAM = "from clusters.points import reached; reached('here'); reached('there'); print('went on')"


def run(orders: Path | None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "TOPMAST_DIE_AT": str(orders or "")}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nobody_dies_unless_told_to() -> None:
    assert run(None).stdout == "went on\n"


def test_whoever_comes_to_the_point_that_is_ordered_dies_once(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    orders.write_text("there")

    first, second = run(orders), run(orders)

    assert (first.returncode, first.stdout) == (-signal.SIGKILL, "")
    assert second.stdout == "went on\n"


def test_another_process_dies_where_one_is_named(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    orders.write_text(f"here {victim.pid}")

    done = run(orders)

    assert done.stdout == "went on\n"
    assert victim.wait(timeout=5) == -signal.SIGKILL


def test_a_point_that_is_not_ordered_leaves_the_order_standing(tmp_path: Path) -> None:
    orders = tmp_path / "orders"
    orders.write_text("elsewhere")

    assert run(orders).stdout == "went on\n"
    assert orders.exists()
