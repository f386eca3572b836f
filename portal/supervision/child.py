"""One child process: how it is started so that it never outlives us."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

# The supervisor waits for these; its children must not inherit that they are blocked.
WAITED_SIGNALS = frozenset({signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@dataclass(frozen=True)
class Program:
    """What to run, and under which name it is spoken of.

    One that `stops_last` outlives the others; one with an `output` writes its answers there, not to ours.
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    stops_last: bool = False
    output: Path | None = None


class Child:
    """A program, its process while it runs, and how often it has failed of late."""

    def __init__(self, program: Program, *, directory: Path, environment: Mapping[str, str]) -> None:
        self.program = program
        self.failures = 0
        self.started_at_seconds = 0.0
        self.restart_at_seconds: float | None = None
        self._directory = directory
        self._environment = {**environment, **program.variables}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while one runs."""
        return self._process.pid if self._process else None

    def start(self, *, now_seconds: float) -> None:
        """Start it. Only from the main thread: the death signal comes when the thread that forked ends."""
        with _opened(self.program.output) as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                self.program.command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order.
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - we have one thread
            )
        self.started_at_seconds = now_seconds
        self.restart_at_seconds = None

    def ended(self) -> str | None:
        """How it ended, once, where it has; None while it runs or where that was told already."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)


def _opened(path: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | None]:
    if path is None:
        return contextlib.nullcontext()
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _die_with(parent_pid: int) -> Callable[[], None]:
    """What the child does before exec: be killed when its parent dies, however that dies."""

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED_SIGNALS)
        if os.getppid() != parent_pid:  # It died before we asked.
            os._exit(1)

    return prepare
