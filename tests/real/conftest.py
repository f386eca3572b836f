"""Real clusters for the tests: small, started once a session, gone with it however it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.rig import tools, workloads
from tests.real.rig.cluster import Cluster

_HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder is marked real."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def real_tools() -> Path:
    """The built programs; the test is skipped with the reason where they cannot be had."""
    try:
        return tools.find()
    except tools.ToolsMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def cluster(real_tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A small cluster with calm and troubled workloads, its pods ready. Leave it as you found it."""
    yield from _small_cluster("real-one", tmp_path_factory.mktemp("real-one"))


@pytest.fixture(scope="session")
def second_cluster(real_tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Another one beside it."""
    yield from _small_cluster("real-two", tmp_path_factory.mktemp("real-two"))


@pytest.fixture
def breakable_cluster(real_tools: Path, tmp_path: Path) -> Iterator[Cluster]:
    """A small cluster for one test alone, to be stopped, frozen or put back."""
    yield from _small_cluster("real-broken", tmp_path / "cluster")


def _small_cluster(name: str, folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(name=name, folder=folder)
    try:
        cluster.start()
        cluster.populate(workloads.SMALL)
        cluster.wait_for_pods()
        yield cluster
    finally:
        cluster.kill()
