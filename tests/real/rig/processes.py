"""One program of a cluster: started, stopped, frozen, and found again by a later command."""

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOOK_AGAIN_SECONDS = 0.05
# Linux takes the thread that started a child for its parent: a child started from a thread that ends, as
# those of asyncio.to_thread do, would be killed with it. This one stays for as long as the process does.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rig-spawner")


class ProgramFailed(Exception):
    """A program of the rig did not start or did not stop; carries the end of its log."""


class Process:
    """A program with its log and a file that says which process it is."""

    def __init__(self, *, name: str, folder: Path, dies_with_parent: bool) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._state = folder / f"{name}.json"
        self._dies_with_parent = dies_with_parent
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, argv: list[str], *, environment: dict[str, str] | None = None) -> None:
        """Start the program unless it runs; append to its log. Its environment is ours unless given."""
        if self.is_running():
            return
        self._child = _SPAWNER.submit(self._spawn, argv, environment).result()
        started = _started_ticks(self._child.pid)
        self._state.write_text(json.dumps({"pid": self._child.pid, "started_ticks": started}))

    def stop(self, *, patience_seconds: float = 3.0) -> None:
        """Ask it to end, also when it is frozen; kill it when it does not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._send(number)
            self._send(signal.SIGCONT)
            if self._ends_within(patience_seconds):
                self._state.unlink(missing_ok=True)
                return
        raise ProgramFailed(f"{self.name} does not end, not even when killed")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._send(signal.SIGKILL)
        if not self._ends_within(10.0):
            raise ProgramFailed(f"{self.name} does not end, not even when killed")
        self._state.unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop its clock: connections stay open and nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after freeze()."""
        self._send(signal.SIGCONT)

    def is_running(self) -> bool:
        """True while the very process that was started lives, frozen or not."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """Its process id; None when it has ended or the number now belongs to another program."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        if not self._state.exists():
            return None
        state = json.loads(self._state.read_text())
        alive = _started_ticks(state["pid"]) == state["started_ticks"]
        return int(state["pid"]) if alive else None

    def end_of_log(self, *, characters: int = 2_000) -> str:
        """The last words of its log, for error messages."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def _spawn(self, argv: list[str], environment: dict[str, str] | None) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
                # Unsafe beside threads in general; all it does here is two system calls.
                preexec_fn=_die_with_parent(os.getpid()) if self._dies_with_parent else None,  # noqa: PLW1509
            )

    def _send(self, number: signal.Signals) -> None:
        pid = self.pid()
        if pid is not None:
            os.kill(pid, number)

    def _ends_within(self, seconds: float) -> bool:
        return wait_until(lambda: not self.is_running(), seconds=seconds)


def wait_until(
    claim: Callable[[], bool], *, seconds: float, look_again_seconds: float = _LOOK_AGAIN_SECONDS
) -> bool:
    """True as soon as the claim is; False when it is still not true after so many seconds."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(look_again_seconds)
    return True


def _started_ticks(pid: int) -> int | None:
    """When a process was started, in clock ticks since boot; None when there is none, or only its corpse.

    Together with the id it names a process for good: ids are used again, these pairs are not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may hold anything, so count from behind it: state is field 3, start time 22.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def descendants(pid: int) -> dict[int, str]:
    """Every process below one, with its command line."""
    found: dict[int, str] = {}
    parents = [pid]
    while parents:
        parent = parents.pop()
        for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                children = [int(child) for child in tasks.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
            for child in children:
                found[child] = _command_line(child)
                parents.append(child)
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _die_with_parent(parent: int) -> Callable[[], None]:
    """What a child does first: ask the kernel to kill it when we die, however we die."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask
