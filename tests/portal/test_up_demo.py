"""`manage.py up` with nothing registered shows the demo fleet, until somebody sends it away."""

import signal
import sqlite3
import subprocess
import sys

from portal.settings import BASE_DIR
from tests.portal.running import Portal, clean_environment, data_directory, is_alive, stop
from tests.waiting import free_port, wait_until


def test_eight_simulated_clusters_are_read_and_go_for_good() -> None:
    with data_directory() as directory:
        variables = {"TOPMAST_DATA_DIR": str(directory), "TOPMAST_PORT": str(free_port())}
        portal = Portal(directory, variables)
        try:
            portal.wait_until_it_serves()

            def connections() -> list[str]:
                with sqlite3.connect(directory / "topmast.sqlite3") as database:
                    rows = database.execute(
                        "SELECT connection FROM clusters_clusterstate JOIN clusters_cluster"
                        " ON clusters_cluster.id = cluster_id WHERE is_demo"
                    )
                    return [row[0] for row in rows]

            wait_until(lambda: len(connections()) == 8, within_seconds=30, what="registering")
            wait_until(lambda: connections().count("live") >= 6, within_seconds=60, what="reading")
            simulator = portal.children()["demo"]

            subprocess.run(
                [sys.executable, "manage.py", "remove_demo"],
                cwd=BASE_DIR, env={**clean_environment(), **variables}, check=True, timeout=60,
            )  # fmt: skip

            assert connections() == []
            wait_until(lambda: not is_alive(simulator), within_seconds=10, what="the simulator's end")
            assert stop(portal, signal.SIGTERM) < 10
        finally:
            portal.kill_everything()
