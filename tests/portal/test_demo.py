"""The demo fleet is registered once, follows its simulator, and goes for good."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clusters.connection.keyfile import make_or_load_keyring
from clusters.models import Cluster
from clusters.registry import settings_of
from clusters.simulator.certificates import Authority
from portal import demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path
    settings.KEY_FILE = tmp_path / "cluster.key"
    make_or_load_keyring(settings.KEY_FILE)
    return tmp_path


def announced(data: Path, *names: str, port: int = 1, token: str = "a-token") -> list[dict[str, Any]]:
    ca = Authority(data / "tls").certificate_path
    return [
        {"name": name, "labels": {"env": "demo"}, "address": f"https://127.0.0.1:{port}",
         "ca": str(ca), "token": token}
        for name in names
    ]  # fmt: skip


def test_an_empty_portal_gets_all_that_is_announced_marked_as_demo(data: Path) -> None:
    demo.register(announced(data, "one", "two"))

    assert list(Cluster.objects.values_list("name", "is_demo")) == [("one", True), ("two", True)]


def test_another_address_or_token_after_a_restart_is_taken_over(data: Path, settings: Any) -> None:
    demo.register(announced(data, "one"))
    before = Cluster.objects.get()

    demo.register(announced(data, "one", port=2, token="another"))

    after = Cluster.objects.get()
    reached = settings_of(after, make_or_load_keyring(settings.KEY_FILE), ())
    assert (after.uuid, after.server) == (before.uuid, "https://127.0.0.1:2")
    assert reached.token == "another"
    assert after.settings_version > before.settings_version


def test_the_same_announcement_again_changes_nothing(data: Path) -> None:
    demo.register(announced(data, "one"))
    before = Cluster.objects.get().settings_version

    demo.register(announced(data, "one"))

    assert Cluster.objects.get().settings_version == before


def test_one_that_was_removed_by_itself_stays_away(data: Path) -> None:
    demo.register(announced(data, "one", "two"))
    Cluster.objects.get(name="one").delete()

    demo.register(announced(data, "one", "two"))

    assert [cluster.name for cluster in Cluster.objects.all()] == ["two"]


def test_remove_demo_leaves_real_clusters_and_nothing_comes_back(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    the_demo = demo.the_demo()
    demo.register(announced(data, "one", "two"))
    Cluster.objects.filter(name="two").update(is_demo=False)

    call_command("remove_demo")

    assert [cluster.name for cluster in Cluster.objects.all()] == ["two"]
    assert the_demo.is_gone
    assert not demo.is_wanted(the_demo)
    assert "Removed 1 " in capsys.readouterr().out


def test_a_demo_is_wanted_only_where_nothing_real_is_registered(data: Path) -> None:
    the_demo = demo.the_demo()
    assert demo.is_wanted(the_demo)

    demo.register(announced(data, "real"))
    assert demo.is_wanted(the_demo), "one that is there is kept running"

    Cluster.objects.update(is_demo=False)
    assert not demo.is_wanted(the_demo)


def test_half_an_announcement_is_not_read(data: Path) -> None:
    the_demo = demo.the_demo()
    the_demo.program()
    line = json.dumps({"clusters": announced(data, "one")})

    the_demo.announcement_path.write_text(line[:20])
    assert the_demo.announced() == []

    the_demo.announcement_path.write_text(line + "\n")
    assert [each["name"] for each in the_demo.announced()] == ["one"]


def test_registering_needs_no_secret_key(data: Path, settings: Any) -> None:
    """`up` registers with the public half, as any web process would."""
    settings.KEY_FILE.unlink()

    demo.register(announced(data, "one"))

    assert Cluster.objects.get().credential.kind == "token"
