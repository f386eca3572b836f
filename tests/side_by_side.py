"""Runs commands at the same time, and shows what each says as if they ran one after the other.

`python -m tests.side_by_side 'COMMAND …' 'COMMAND …'` is for commands that mostly wait. What the first says
is passed on as it comes, then all that the second has said and goes on to say, and so on; so the last words
are the last command's. All run to their end; it fails when one of them has failed, and names it.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

_LOOK_AGAIN_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0


class Running:
    """A command that runs, and all that it has said."""

    def __init__(self, command: str) -> None:
        self.command = command
        self._passed_on_bytes = 0
        self._said = tempfile.NamedTemporaryFile(prefix="side-by-side-")  # noqa: SIM115 - it goes when we do
        self._process = subprocess.Popen(
            shlex.split(command),
            stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT,
            process_group=0, preexec_fn=_heed_interrupts,  # noqa: PLW1509 - we have one thread
        )  # fmt: skip

    def pass_on(self, out: IO[bytes]) -> int:
        """Pass on what it says until it has ended; gives its exit code."""
        while (code := self._process.poll()) is None:
            self.pass_on_the_rest(out)
            time.sleep(_LOOK_AGAIN_SECONDS)
        self.pass_on_the_rest(out)
        return code

    def pass_on_the_rest(self, out: IO[bytes]) -> None:
        """Pass on what it has said since the last time."""
        with open(self._said.name, "rb") as said:  # A place in the file of our own: it goes on writing.
            said.seek(self._passed_on_bytes)
            shutil.copyfileobj(said, out)
            self._passed_on_bytes = said.tell()
        out.flush()

    def interrupt(self) -> None:
        """End it and all that it runs as Ctrl-C would, so that they end what they have started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _heed_interrupts() -> None:
    """Whoever is started in the background of a shell is started deaf to them, and so are its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_side_by_side(commands: Sequence[str], out: IO[bytes]) -> list[str]:
    """Run them all to their end; gives those that failed."""
    running: list[Running] = []
    try:
        for command in commands:
            running.append(Running(command))
        return [each.command for each in running if each.pass_on(out) != 0]
    finally:
        for each in running:
            each.interrupt()
            each.pass_on_the_rest(out)


def main() -> int:
    """The command line's."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        failed = run_side_by_side(sys.argv[1:], sys.stdout.buffer)
    except KeyboardInterrupt:
        return 130
    for command in failed:
        sys.stderr.write(f"Failed: {command}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
