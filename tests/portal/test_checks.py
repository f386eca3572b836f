"""What production refuses to start with, by its own words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.settings import BASE_DIR
from tests.portal.running import clean_environment
from tests.production import production_variables


def check(directory: Path, *command: str, **changes: str | None) -> "subprocess.CompletedProcess[str]":
    """Run a command under complete production settings, but for these."""
    variables = {**clean_environment(), **production_variables(directory), **changes}
    return subprocess.run(
        [sys.executable, *(command or ("manage.py", "check"))],
        env={name: value for name, value in variables.items() if value is not None},
        cwd=BASE_DIR, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_complete_production_settings_are_fit(tmp_path: Path) -> None:
    done = check(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changes", "sentence", "hint"),
    [
        ({"TOPMAST_SECRET_KEY": None}, "is the default one", "Set TOPMAST_SECRET_KEY to 50 random"),
        ({"TOPMAST_DEBUG": "1"}, "DEBUG is on", "Set TOPMAST_DEBUG=0"),
        ({"TOPMAST_PUBLIC_URL": None}, "No allowed host", "Set TOPMAST_PUBLIC_URL to the address"),
        ({"TOPMAST_KEY_FILE": None}, "No key file is named", "Set TOPMAST_KEY_FILE to its path"),
        ({"TOPMAST_KEY_FILE": "/nowhere/cluster.key"}, "/nowhere/cluster.key is not there", "Put it back"),
        ({"DATABASE_URL": None}, "no PostgreSQL", "Set DATABASE_URL to postgres://"),
        ({"REDIS_URL": None}, "no Redis", "Set REDIS_URL to redis://"),
    ],
)
def test_production_refuses_and_says_what_to_set(
    tmp_path: Path, changes: dict[str, str | None], sentence: str, hint: str
) -> None:
    refused = check(tmp_path, **changes)

    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert hint in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "process",
    [
        ("manage.py", "up"),
        ("-c", "import portal.asgi"),
        ("-m", "celery", "-A", "portal", "worker", "--pool", "threads"),
        ("-m", "celery", "-A", "portal", "beat", "--scheduler", "celery.beat.Scheduler", "--pidfile", ""),
    ],
)
def test_the_processes_themselves_refuse_too(tmp_path: Path, process: tuple[str, ...]) -> None:
    refused = check(tmp_path, *process, TOPMAST_DEBUG="1", DJANGO_SETTINGS_MODULE="portal.settings")

    assert refused.returncode != 0
    assert "Set TOPMAST_DEBUG=0" in refused.stderr


def test_embedded_asks_for_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**clean_environment(), "TOPMAST_DATA_DIR": str(tmp_path)},
        cwd=BASE_DIR, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_a_web_process_never_loads_the_kubernetes_client(tmp_path: Path) -> None:
    program = (
        "import portal.asgi, portal.urls, sys; print([n for n in sys.modules if n.startswith('kubernetes')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**clean_environment(), "TOPMAST_DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]},
        cwd=BASE_DIR, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.stdout.strip() == "[]", done.stderr
