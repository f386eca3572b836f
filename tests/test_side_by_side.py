"""Commands that run at the same time: all are heard, the last has the last word, one that fails is told."""

import io
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from portal.settings import BASE_DIR
from tests.side_by_side import run_side_by_side
from tests.waiting import wait_until


def wait_for_file(path: Path) -> str:
    return f"until [ -e {path} ]; do sleep 0.02; done"


def shell(script: str) -> str:
    return f"timeout 20 sh -c '{script}'"


def test_they_run_at_the_same_time_and_are_heard_in_their_order(tmp_path: Path) -> None:
    out = io.BytesIO()
    first = shell(f"{wait_for_file(tmp_path / 'second')}; echo one; echo of them >&2")
    second = shell(f"echo two; touch {tmp_path / 'second'}")

    assert run_side_by_side([first, second], out) == []

    assert out.getvalue() == b"one\nof them\ntwo\n"


def test_one_that_fails_is_told_and_the_others_run_to_their_end(tmp_path: Path) -> None:
    out = io.BytesIO()
    last = shell(f"{wait_for_file(tmp_path / 'failed')}; echo the last word")

    failed = run_side_by_side([shell(f"touch {tmp_path / 'failed'}; exit 3"), last], out)

    assert failed == [shell(f"touch {tmp_path / 'failed'}; exit 3")]
    assert out.getvalue() == b"the last word\n"


def run(*commands: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.side_by_side", *commands],
        cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_its_exit_code_is_red_when_any_command_is() -> None:
    green, red = run("true", "true"), run("echo well", "false", "echo the last word")

    assert (*green.communicate(timeout=20), green.returncode) == ("", "", 0)
    assert (*red.communicate(timeout=20), red.returncode) == ("well\nthe last word\n", "Failed: false\n", 1)


def test_one_that_cannot_be_started_is_red_and_ends_those_that_run() -> None:
    started = run("sleep 60", "no-such-program")

    started.communicate(timeout=20)
    assert started.returncode == 1


_LASTING = """
import pathlib, time
path = pathlib.Path({path!r})
path.write_text("begun")
try:
    time.sleep(60)
finally:
    path.write_text("ended")
    print("so far", path.name)
"""


def test_told_to_end_it_ends_them_as_ctrl_c_would(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    lasting = [shlex.join([sys.executable, "-c", _LASTING.format(path=str(path))]) for path in paths]
    started = run(lasting[0], shlex.join(["sh", "-c", f"{lasting[1]} && true"]))
    wait_until(lambda: all(path.exists() and path.read_text() for path in paths), within_seconds=20)

    started.send_signal(signal.SIGTERM)
    said, _ = started.communicate(timeout=20)

    assert started.returncode == 130
    assert 0 <= said.find("so far one") < said.find("so far two")
    assert [path.read_text() for path in paths] == ["ended", "ended"]
