"""The production set-up on this machine, with PostgreSQL and Redis; whatever dies is started again."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from clusters.connection.keyfile import make_or_load_keyring
from portal.environment import read_environment
from portal.settings import BASE_DIR
from portal.supervision.programs import beat_program, web_program, worker_program
from tests import postgresql
from tests.killing.places import TIMES, Place, keep_log
from tests.metrics.notify.receivers import receiving
from tests.portal.running import clean_environment, data_directory
from tests.production import COMPLETE
from tests.simulated import simulated
from tests.waiting import free_port

RESTART_SECONDS = 0.25
Start = Callable[[], "subprocess.Popen[bytes]"]


class KeptAlive:
    """Processes that are started again when they end, as a container engine does it."""

    def __init__(self, log: Path) -> None:
        self.variables: dict[str, str] = {}
        self._log = log
        self._starts: dict[str, Start] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def start(self, name: str, command: tuple[str, ...]) -> None:
        """Start one of the portal's processes."""
        environment = {**clean_environment(), **self.variables}
        self.keep(name, lambda: self._popen(command, cwd=BASE_DIR, env=environment))

    def keep(self, name: str, start: Start) -> None:
        """Start something now, and whenever it has ended."""
        self._running[name] = start()
        self._starts[name] = start

    def run(self, *words: str) -> None:
        """One of the portal's commands, to its end."""
        environment = {**clean_environment(), **self.variables}
        process = self._popen((sys.executable, "manage.py", *words), cwd=BASE_DIR, env=environment)
        assert process.wait(120) == 0, self.said()

    def pids(self) -> Mapping[str, int]:
        """The one that runs under each name now."""
        return {name: process.pid for name, process in self._running.items()}

    def said(self) -> str:
        """What they wrote."""
        return self._log.read_text()

    def stop(self) -> None:
        """End all, those that stand on others first."""
        self._is_over.set()
        self._thread.join()
        for process in reversed(list(self._running.values())):
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _keep(self) -> None:
        while not self._is_over.wait(RESTART_SECONDS):
            for name, start in list(self._starts.items()):
                if self._running[name].poll() is not None:
                    self._running[name] = start()

    def _popen(self, command: tuple[str, ...], **more: object) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, **more)  # type: ignore[call-overload, no-any-return]


@contextlib.contextmanager
def production() -> Iterator[Place]:
    """PostgreSQL that keeps what it has committed, Redis, web, one worker, beat."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(data_directory())
        cluster = stack.enter_context(simulated("tiny", frozen=60))
        receiver = stack.enter_context(receiving())
        processes = KeptAlive(directory / "log")
        stack.callback(lambda: keep_log(processes.said()))
        stack.callback(processes.stop)
        database_url = _keep_postgresql(processes, stack)
        redis_port = free_port()
        redis_words = ("redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "")
        processes.keep(
            "redis", lambda: subprocess.Popen(redis_words, stdout=subprocess.DEVNULL, cwd=directory)
        )
        orders = directory / "die-at"
        processes.variables = {
            **COMPLETE,
            **TIMES,
            "TOPMAST_PUBLIC_URL": "http://127.0.0.1:8000",
            "TOPMAST_ADMIN_PASSWORD": "a-password-for-this-test",
            "TOPMAST_CLUSTER_RANGES": "loopback",
            "TOPMAST_DATA_DIR": str(directory / "data"),
            "TOPMAST_KEY_FILE": str(directory / "cluster.key"),
            "TOPMAST_PORT": str(free_port()),
            "TOPMAST_DIE_AT": str(orders),
            "DATABASE_URL": database_url,
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        }
        (directory / "data").mkdir()
        make_or_load_keyring(directory / "cluster.key")
        processes.run("prepare_portal")
        environment = read_environment(processes.variables, base_dir=BASE_DIR)
        for program in (web_program(environment), worker_program(1), beat_program()):
            processes.start(program.name, program.command)
        place = Place(processes, next(iter(cluster.clusters.values())), receiver, orders)
        place.prepare()
        yield place


def _keep_postgresql(processes: KeptAlive, stack: contextlib.ExitStack) -> str:
    server = stack.enter_context(postgresql.a_made_one())
    processes.keep("postgresql", server.begin)
    server.wait_until_ready()
    return server.address
