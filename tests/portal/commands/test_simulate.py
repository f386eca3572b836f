"""`manage.py simulate` runs pretend clusters until it is stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def command(*options: str, folder: Path) -> subprocess.Popen[str]:
    start = [sys.executable, "manage.py", "simulate", *options, "--state-dir", str(folder)]
    environment = {**os.environ, "TOPMAST_DATA_DIR": str(folder / "data")}
    return subprocess.Popen(
        start, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_says_where_its_clusters_are_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with command("--fleet", "demo", "--frozen", "30", folder=tmp_path) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        process.terminate()
        code = process.wait(20)

    assert code == 0
    assert len(said["clusters"]) == 8
    assert len({one["address"] for one in said["clusters"]}) == 8
    assert all(Path(one["kubeconfig"]).is_file() for one in said["clusters"])
    assert oct(Path(said["kubeconfig"]).stat().st_mode & 0o777) == "0o600"


def test_a_scenario_that_is_not_there_is_an_error_that_names_those_that_are(tmp_path: Path) -> None:
    with command("--scenario", "no-such", folder=tmp_path) as process:
        _, said = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "no-such" in said
    assert "node-lost" in said
