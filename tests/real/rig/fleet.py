"""Several clusters that stay up to be looked at, until they are taken down."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.real.rig.cluster import Cluster
from tests.real.rig.processes import ProgramFailed
from tests.real.rig.workloads import Size

_MANAGE = Path(__file__).resolve().parents[3] / "manage.py"
_STATE = "clusters.json"

Say = Callable[[str], None]


def bring_up(folder: Path, *, count: int, size: Size, say: Say) -> list[Cluster]:
    """Start so many clusters, or those that are not running, and note them in the folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = [f"real-{number}" for number in range(1, count + 1)]
    _note(folder, sorted({*_noted(folder), *names}))
    clusters = [_open(folder, name) for name in names]
    for cluster in clusters:
        if cluster.is_running():
            say(f"{cluster.name} is up already.")
            continue
        say(f"{cluster.name} starts at {cluster.server} …")
        cluster.start()
        cluster.populate(size)
        say(f"{cluster.name} is up: {size.nodes} nodes. Kubeconfig: {cluster.admin_kubeconfig}")
    return clusters


def take_down(folder: Path, *, say: Say) -> None:
    """Stop every cluster noted in the folder, by its process ids, and remove what it kept."""
    for name in _noted(folder):
        cluster = _open(folder, name)
        cluster.stop()
        shutil.rmtree(cluster.layout.folder)
        _note(folder, [other for other in _noted(folder) if other != name])
        say(f"{name} is down.")


def register(clusters: list[Cluster], *, say: Say) -> None:
    """Register each cluster in the portal of this checkout; raises ProgramFailed when it refuses."""
    for cluster in clusters:
        command = [sys.executable, str(_MANAGE), "import_kubeconfig", str(cluster.admin_kubeconfig), "--all"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip())[-2_000:]
            raise ProgramFailed(f"{cluster.name} is up but was not registered:\n{words}")
        say(done.stdout.strip() or f"{cluster.name} is registered.")


def _open(folder: Path, name: str) -> Cluster:
    return Cluster(name=name, folder=folder / name, dies_with_parent=False)


def _noted(folder: Path) -> list[str]:
    state = folder / _STATE
    names: list[str] = json.loads(state.read_text()) if state.exists() else []
    return names


def _note(folder: Path, names: list[str]) -> None:
    (folder / _STATE).write_text(json.dumps(names))
