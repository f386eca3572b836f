"""What all tests share: servers to test against, and the choice of tests that touch the database."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.supervision.child import Program
from portal.supervision.valkey import valkey_program
from tests.waiting import wait_until

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "client", "admin_client"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--only-database`: what a run on another database is for."""
    parser.addoption("--only-database", action="store_true", help="only the tests that touch the database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the others out where that was asked for."""
    if not config.getoption("--only-database"):
        return
    chosen = [item for item in items if _touches_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _touches_database(item: pytest.Item) -> bool:
    if any(item.get_closest_marker(name) for name in ("real", "browser")):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & DATABASE_FIXTURES)


@pytest.fixture
def valkey_url() -> Iterator[str]:
    """A Valkey of this test's own; its folder's name is short, because a socket's path must be."""
    with tempfile.TemporaryDirectory(prefix="tm-") as directory:
        program: Program = valkey_program(Path(directory))
        process = subprocess.Popen(program.command, stdout=subprocess.DEVNULL)
        try:
            wait_until((Path(directory) / "valkey.sock").exists, within_seconds=5)
            yield f"unix://{directory}/valkey.sock?db=0"
        finally:
            process.terminate()
            process.wait(timeout=5)
