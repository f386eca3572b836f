"""`manage.py up` with real processes: what it starts comes back, and never outlives it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.settings import BASE_DIR
from tests.portal.running import Portal, clean_environment, data_directory, is_alive, stop
from tests.waiting import free_port, wait_until


@pytest.fixture
def directory() -> Iterator[Path]:
    with data_directory() as path:
        yield path


def variables(directory: Path, port: int, **more: str) -> dict[str, str]:
    return {"TOPMAST_DATA_DIR": str(directory), "TOPMAST_PORT": str(port), "TOPMAST_DEMO": "0", **more}


@pytest.fixture
def portal(directory: Path) -> Iterator[Portal]:
    portal = Portal(directory, variables(directory, free_port()))
    try:
        portal.wait_until_it_serves()
        yield portal
    finally:
        portal.kill_everything()


@pytest.fixture(scope="module")
def lasting_portal() -> Iterator[Portal]:
    """One for all tests that leave it running."""
    with data_directory() as directory:
        portal = Portal(directory, variables(directory, free_port()))
        try:
            portal.wait_until_it_serves()
            yield portal
        finally:
            portal.kill_everything()


def run_up(directory: Path, port: int, **more: str) -> "subprocess.CompletedProcess[str]":
    """One that is expected to refuse."""
    environment = {**clean_environment(), **variables(directory, port, **more)}
    return subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_it_starts_all_says_how_to_sign_in_and_stops_within_ten_seconds(portal: Portal) -> None:
    children = portal.children()
    said = portal.said()

    seconds = stop(portal, signal.SIGTERM)

    assert list(children) == ["valkey", "web", "worker", "beat"]
    assert f"http://127.0.0.1:{portal.port}/" in said
    assert "as admin with the password " in said
    assert seconds < 10
    assert portal.process.returncode == 0
    assert not [name for name, pid in children.items() if is_alive(pid)]
    assert not (portal.directory / "valkey" / "valkey.sock").exists()


def test_the_password_is_shown_only_at_the_first_start(portal: Portal) -> None:
    stop(portal, signal.SIGINT)
    again = Portal(portal.directory, variables(portal.directory, free_port()))
    try:
        wait_until(lambda: portal.said().count("Sign in") == 2, within_seconds=60)

        assert portal.said().count("with the password ") == 1
        told = portal.said().rpartition("get a new password with: ")[2].splitlines()[0].removesuffix(".")
        done = subprocess.run(
            [*told.split(), "--help"], cwd=BASE_DIR, env=clean_environment(), capture_output=True, check=False
        )
        assert done.returncode == 0, "it can be typed as it is told"
    finally:
        again.kill_everything()


@pytest.mark.parametrize("name", ["web", "worker", "beat", "valkey"])
def test_a_child_that_is_killed_comes_back_and_that_is_said(lasting_portal: Portal, name: str) -> None:
    portal = lasting_portal
    before = portal.children()
    os.kill(before[name], signal.SIGKILL)

    wait_until(lambda: portal.children()[name] != before[name], within_seconds=5)
    wait_until(portal.answers, within_seconds=20)

    assert f"{name} killed by SIGKILL after" in portal.said()
    after = portal.children()
    assert {other: pid for other, pid in after.items() if other != name} == {
        other: pid for other, pid in before.items() if other != name
    }, "the others run on"


def test_killed_itself_it_leaves_no_child_and_the_next_start_is_clean(portal: Portal) -> None:
    children = portal.children()
    portal.process.kill()
    portal.process.wait()

    wait_until(lambda: not any(map(is_alive, children.values())), within_seconds=2)
    again = Portal(portal.directory, variables(portal.directory, portal.port))
    try:
        wait_until(lambda: portal.said().count("Sign in") == 2, within_seconds=60)
        wait_until(again.answers, within_seconds=5)

        assert stop(again, signal.SIGTERM) < 10
    finally:
        again.kill_everything()


def test_a_second_start_on_the_same_data_directory_is_refused(lasting_portal: Portal) -> None:
    portal = lasting_portal
    second = run_up(portal.directory, free_port())

    assert second.returncode == 1
    assert f"already running on {portal.directory} (process {portal.process.pid})" in second.stderr
    assert "TOPMAST_DATA_DIR" in second.stderr
    assert portal.answers()


def test_a_child_that_does_not_listen_is_killed_in_time(portal: Portal) -> None:
    children = portal.children()
    os.kill(children["worker"], signal.SIGSTOP)

    seconds = stop(portal, signal.SIGTERM)

    assert seconds < 10
    assert not is_alive(children["worker"])
    assert "worker did not stop within" in portal.said()


def test_a_taken_port_is_an_error_that_names_the_option(directory: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        refused = run_up(directory, port)

    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"CommandError: Port {port} on 127.0.0.1 is taken by another program. "
        "Set TOPMAST_PORT to a free one, or stop it."
    )


def test_a_wrong_setting_is_told_without_a_traceback(directory: Path) -> None:
    refused = run_up(directory, 8000, TOPMAST_DEMO="perhaps")

    assert refused.returncode == 1
    assert refused.stderr.strip() == "TOPMAST_DEMO is 'perhaps'. Set it to 1 for yes or 0 for no."


def test_a_data_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = run_up(tmp_path / "file", free_port())

    assert refused.returncode == 1
    assert "TOPMAST_DATA_DIR" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_json_is_spoken_when_asked(directory: Path) -> None:
    portal = Portal(directory, variables(directory, free_port(), TOPMAST_LOG="json"))
    try:
        portal.wait_until_it_serves()
        stop(portal, signal.SIGTERM)
        lines = [line for line in portal.said().splitlines() if line.startswith("{")]

        assert {"web started", "stopped"} <= {json.loads(line)["message"].split(" (")[0] for line in lines}
    finally:
        portal.kill_everything()
