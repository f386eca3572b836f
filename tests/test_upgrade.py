"""Databases of earlier releases, brought to this one: nothing that was kept is lost or unreadable.

`data/upgrades/VERSION.sqlite3.zst` is what a release had written after a while with the demo fleet. Never
regenerated; each release adds its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

ROOT = Path(__file__).parent.parent
RELEASES = sorted((ROOT / "tests/data/upgrades").glob("*.sqlite3.zst"))

READ_EVERYTHING = """
import json
from clusters.api.values import values_of
from clusters.kinds import decode_record
from clusters.models import Cluster, Resource
from metrics.journal.reading import changes_since, state_at
from metrics.models import JournalEntry, SeriesTick, Snapshot, UsageRound
from metrics.series.windows import window
from metrics.usage import rounds

said = {}
for cluster in Cluster.objects.select_related("state"):
    values = values_of(cluster)
    rows = [decode_record(row.kind, row.record) for row in Resource.objects.filter(cluster=cluster)]
    first = Snapshot.objects.filter(cluster=cluster).earliest("at_ms")
    last = JournalEntry.objects.filter(cluster=cluster).latest("last_at_ms")
    past = state_at(cluster.pk, last.last_at_ms)
    since = changes_since(cluster.pk, first.fence, first.number, 10_000)
    series = window(
        cluster.pk, "", "pods_total", first.at_ms - 60_000, last.last_at_ms + 60_000, now_ms=last.last_at_ms
    )
    _, usage = rounds.latest(cluster.pk)
    said[cluster.slug] = {
        "pods": values.summary.pods.total,
        "pod_rows": sum(row.kind == "Pod" for row in rows),
        "rows": len(rows),
        "past": len(past.resources),
        "entries": len(since or []),
        "points": sum(value is not None for value in series.averages),
        "used": len(usage),
    }
print(json.dumps(said))
"""


@pytest.fixture(params=RELEASES, ids=lambda path: path.name.removesuffix(".sqlite3.zst"))
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a portal on the database of an earlier release, migrated."""
    packed = request.param.read_bytes()
    (tmp_path / "topmast.sqlite3").write_bytes(zstandard.ZstdDecompressor().decompress(packed))
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        "TOPMAST_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    run(environment, "migrate", "-v", "0")
    return environment


def run(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_database_of_a_release_is_read_whole_after_an_upgrade(upgraded: dict[str, str]) -> None:
    said = json.loads(run(upgraded, "shell", "-v", "0", "-c", READ_EVERYTHING).splitlines()[-1])

    assert set(said) == {"prod-us-east-2", "prod-ap-south-1"}
    for cluster in said.values():
        assert cluster["pods"] == cluster["pod_rows"] > 100
        assert cluster["rows"] == cluster["past"], "the past at its last moment is what the rows hold"
        assert cluster["entries"] > 10
        assert cluster["points"] > 5
        assert cluster["used"] > 100


def test_users_teams_and_grants_are_still_there_after_an_upgrade(upgraded: dict[str, str]) -> None:
    question = (
        "from clusters.access.models import User; from clusters.access.visibility import clusters_visible_to;"
        "print(clusters_visible_to(User.objects.get(username='bob')).count())"
    )

    assert run(upgraded, "shell", "-v", "0", "-c", question).splitlines()[-1] == "2"
