"""Real clusters for the tests: small, started once a session, gone with it however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    with _small_cluster("real-one", tmp_path_factory) as cluster:
        cluster.wait_for_pods()
        yield cluster


@pytest.fixture(scope="session")
def second_cluster(real_tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Another one beside it, of which tests may expect nothing but that it works."""
    with _small_cluster("real-two", tmp_path_factory) as cluster:
        yield cluster


@pytest.fixture
def breakable_cluster(second_cluster: Cluster) -> Iterator[Cluster]:
    """The second cluster, to be churned, stopped, frozen or put back; it is mended afterwards."""
    try:
        yield second_cluster
    finally:
        second_cluster.mend()


@contextmanager
def _small_cluster(name: str, folders: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(name=name, folder=folders.mktemp(name))
    try:
        cluster.start()
        cluster.populate(workloads.SMALL)
        yield cluster
    finally:
        cluster.kill()
