"""The commands that register, change and forget clusters, run as the operator runs them."""

import base64
import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core import serializers
from django.core.management import CommandError, call_command

from clusters import registry
from clusters.connection.guard import LOOPBACK
from clusters.connection.keyfile import load_keyring
from clusters.models import Cluster, ClusterState, Credential, Lease
from tests.clusters.certificates import make_pair
from tests.clusters.connection.answering import VERSION, WHO_AM_I, Script, serving
from tests.clusters.connection.hostile_kubeconfigs import HOSTILE

pytestmark = pytest.mark.django_db

CANARY = "canary-1679091c5a880faf6fb5e6087eb1b2dc"
PAIR = make_pair()


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path) -> None:
    settings.KEY_FILE = tmp_path / "keys" / "cluster.key"
    settings.CLUSTER_RANGES = LOOPBACK


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(script: Script, tmp_path: Path) -> Iterator[str]:
    with serving(script, PAIR, tmp_path) as address:
        yield address


@pytest.fixture
def kubeconfig(server: str, tmp_path: Path) -> Callable[..., Path]:
    """Writes a kubeconfig whose contexts have these users, all at the server."""

    def write(users: dict[str, Any] | None = None, **cluster: Any) -> Path:
        users = users or {"prod": {"token": CANARY}}
        authority = base64.b64encode(PAIR.certificate_pem.encode()).decode()
        document = {
            "kind": "Config",
            "current-context": next(iter(users)),
            "clusters": [
                {
                    "name": "it",
                    "cluster": {"server": server, "certificate-authority-data": authority, **cluster},
                }
            ],
            "users": [{"name": name, "user": user} for name, user in users.items()],
            "contexts": [{"name": name, "context": {"cluster": "it", "user": name}} for name in users],
        }
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(document))
        return path

    return write


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., str]]:
    """Runs a command and returns all it printed; the secret is in nothing that anybody can see."""
    everything: list[str] = []

    def run_command(*words: Any, stdin: str = "", fails: str | None = None) -> str:
        before, sys.stdin = sys.stdin, io.StringIO(stdin)
        out = io.StringIO()
        try:
            with caplog.at_level(logging.DEBUG):
                call_command(*map(str, words), stdout=out, stderr=out, no_color=True)
            assert fails is None, out.getvalue()
        except CommandError as error:
            assert fails is not None, f"{error}\n{out.getvalue()}"
            assert fails in f"{out.getvalue()}{error}"
            out.write(str(error))
        finally:
            sys.stdin = before
        everything.append(out.getvalue())
        return out.getvalue()

    yield run_command
    printed = capsys.readouterr()
    rows = [
        serializers.serialize("json", m.objects.all()) for m in (Cluster, Credential, ClusterState, Lease)
    ]
    assert CANARY not in "".join([*everything, *rows, caplog.text, printed.out, printed.err])


def opened(name: str, settings: Any) -> str | None:
    keyring = load_keyring(settings.KEY_FILE)
    return registry.settings_of(Cluster.objects.get(slug=name), keyring, LOOPBACK).token


def test_the_current_context_is_added_after_its_checks(
    run: Any, kubeconfig: Any, script: Script, settings: Any
) -> None:
    said = run("import_kubeconfig", kubeconfig(), "--label", "env=prod", "--label", "tier=1")

    cluster = Cluster.objects.get()
    assert (cluster.name, cluster.slug, cluster.labels) == ("prod", "prod", {"env": "prod", "tier": "1"})
    assert cluster.kube_system_uid == script.uid
    assert cluster.ca_pem == PAIR.certificate_pem
    assert opened("prod", settings) == CANARY
    assert "ok      Kubernetes: v1.36.3" in said
    assert "Added prod as prod." in said


def test_importing_again_updates_and_does_not_duplicate(run: Any, kubeconfig: Any, settings: Any) -> None:
    run("import_kubeconfig", kubeconfig())
    first = Cluster.objects.get()

    said = run("import_kubeconfig", kubeconfig({"prod": {"token": "another"}}), "--label", "env=prod")

    again = Cluster.objects.get()
    assert (again.uuid, again.labels) == (first.uuid, {"env": "prod"})
    assert again.settings_version > first.settings_version
    assert opened("prod", settings) == "another"
    assert "Updated prod" in said


def test_importing_again_after_a_rename_updates_the_same_cluster(run: Any, kubeconfig: Any) -> None:
    run("import_kubeconfig", kubeconfig())
    run("rename_cluster", "prod", "Production")
    assert "Updated Production as production." in run("import_kubeconfig", kubeconfig())
    assert Cluster.objects.count() == 1


def test_a_taken_name_is_not_pointed_at_another_cluster_by_accident(
    run: Any, kubeconfig: Any, script: Script
) -> None:
    run("import_kubeconfig", kubeconfig())
    script.uid = "another"
    run("import_kubeconfig", kubeconfig(), fails="is another cluster. Choose a --name")
    run("import_kubeconfig", kubeconfig(), "--anyway")
    assert Cluster.objects.count() == 1


def test_all_contexts_are_taken_and_the_refused_ones_stop_nobody(run: Any, kubeconfig: Any) -> None:
    path = kubeconfig(
        {
            "eks": {"exec": {"command": "aws", "args": ["eks", CANARY]}},
            "prod": {"token": CANARY},
            "old": {"username": "admin", "password": CANARY},
        }
    )
    said = run("import_kubeconfig", path, "--all", fails="1 of 3 contexts are registered")
    assert [cluster.name for cluster in Cluster.objects.all()] == ["prod"]
    assert "names a password login" in said
    assert "Amazon EKS" in said


def test_two_contexts_of_one_cluster_do_not_take_turns(run: Any, kubeconfig: Any, settings: Any) -> None:
    path = kubeconfig({"admin": {"token": CANARY}, "viewer": {"token": "another"}})
    said = run("import_kubeconfig", path, "--all", fails="1 of 2 contexts are registered")
    assert "viewer: This is the cluster of context admin" in said
    assert opened("admin", settings) == CANARY
    assert Cluster.objects.count() == 1


def test_the_name_may_be_chosen_for_one_context(run: Any, kubeconfig: Any) -> None:
    path = kubeconfig({"one": {"token": CANARY}, "two": {"token": CANARY}})
    run("import_kubeconfig", path, "--all", "--name", "x", fails="one context at a time")
    run("import_kubeconfig", path, "--context", "two", "--name", "Chosen")
    assert Cluster.objects.get().name == "Chosen"


def test_the_same_cluster_twice_is_refused(run: Any, server: str, kubeconfig: Any, tmp_path: Path) -> None:
    run("import_kubeconfig", kubeconfig())
    (tmp_path / "ca").write_text(PAIR.certificate_pem)
    words = ("add_cluster", "twin", "--server", server, "--ca-file", tmp_path / "ca", "--token-file", "-")
    run(*words, stdin=CANARY, fails="this is the same cluster as prod")
    run(*words, "--anyway", stdin=CANARY)
    assert Cluster.objects.count() == 2


def test_a_failed_check_refuses_unless_told_otherwise(run: Any, kubeconfig: Any, script: Script) -> None:
    script.refused = {("watch", "pods")}
    said = run("import_kubeconfig", kubeconfig(), fails="Not saved, because a check failed")
    assert '- {apiGroups: [""], resources: [pods], verbs: [watch]}' in said
    assert not Cluster.objects.exists()
    run("import_kubeconfig", kubeconfig(), "--anyway")
    assert Cluster.objects.exists()


def test_an_unchecked_certificate_must_be_wanted(run: Any, kubeconfig: Any) -> None:
    fields = {"certificate-authority-data": "", "insecure-skip-tls-verify": True}
    run("import_kubeconfig", kubeconfig(**fields), fails="add --insecure-skip-tls-verify")
    run("import_kubeconfig", kubeconfig(**fields), "--insecure-skip-tls-verify")
    assert Cluster.objects.get().skips_tls_verification


def test_files_beside_the_kubeconfig_are_inlined(run: Any, kubeconfig: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY + "\n")
    (tmp_path / "ca.pem").write_text(PAIR.certificate_pem)
    path = kubeconfig(
        {"prod": {"tokenFile": "token"}},
        **{"certificate-authority-data": "", "certificate-authority": "ca.pem"},
    )
    run("import_kubeconfig", path)
    assert Cluster.objects.get().ca_pem == PAIR.certificate_pem


@pytest.mark.parametrize("content", [each[1] for each in HOSTILE], ids=[each[0] for each in HOSTILE])
def test_a_hostile_kubeconfig_registers_nothing(run: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(content)
    said = run("import_kubeconfig", path, fails="")
    assert not Cluster.objects.exists()
    assert not (tmp_path / "keys").exists()
    assert "\x1b" not in said


def test_a_kubeconfig_that_is_not_there_is_a_plain_error(run: Any, tmp_path: Path) -> None:
    run("import_kubeconfig", tmp_path / "missing", fails="cannot be read: No such file")
    run("import_kubeconfig", tmp_path, fails="cannot be read: Is a directory")


def test_a_cluster_is_added_by_address_and_token(
    run: Any, server: str, tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "ca").write_text(PAIR.certificate_pem)
    said = run(
        *("add_cluster", "prod", "--server", server + "/", "--ca-file", tmp_path / "ca"),
        *("--token-file", "-", "--label", "env=prod"),
        stdin=CANARY + "\n",
    )
    assert opened("prod", settings) == CANARY
    assert Cluster.objects.get().server == server
    assert "Added prod as prod." in said


def test_a_cluster_is_added_with_a_client_certificate(run: Any, server: str, tmp_path: Path) -> None:
    (tmp_path / "crt").write_text(PAIR.certificate_pem)
    (tmp_path / "key").write_text(PAIR.key_pem)
    run(
        *("add_cluster", "prod", "--server", server, "--ca-file", tmp_path / "crt"),
        *("--client-certificate-file", tmp_path / "crt", "--client-key-file", tmp_path / "key"),
    )
    assert Credential.objects.get().kind == "client_certificate"


def test_the_own_cluster_is_added_with_the_account_of_the_pod(
    run: Any, server: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    settings.SERVICE_ACCOUNT_FOLDER = tmp_path
    (tmp_path / "token").write_text(CANARY)
    (tmp_path / "ca.crt").write_text(PAIR.certificate_pem)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", server.rpartition(":")[2])

    run("add_cluster", "here", "--in-cluster")

    assert script.authorizations == {f"Bearer {CANARY}"}
    assert Cluster.objects.get().server == server
    assert Credential.objects.get().kind == "service_account"
    (tmp_path / "token").write_text("of-the-next-hour")
    assert opened("here", settings) == "of-the-next-hour"


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("--server", "http://a", "--token-file", "-"), CANARY, "--server must begin with https://"),
        (("--token-file", "-"), CANARY, "--server is missing"),
        (("--server", "https://a", "--token-file", "-"), "", "--token-file is empty"),
        (("--server", "https://a", "--token-file", "-"), f"{CANARY}\nx", "--token-file is not a token"),
        (("--server", "https://a", "--token-file", "/nowhere"), "", "--token-file /nowhere cannot be read"),
        (("--server", "https://a", "--ca-file", "/dev/null", "--token-file", "-"), CANARY, "--ca-file holds"),
        (("--server", "https://a", "--client-certificate-file", "/dev/null"), "", "needs --client-key-file"),
        (("--server", "https://a", "--proxy-url", "http://u:p@x", "--token-file", "-"), "x", "--proxy-url"),
        (("--server", "https://a"), "", "one of the arguments --token-file"),
        (("--in-cluster",), "", "--in-cluster works in a pod only"),
        (("--server", "https://a", "--token-file", "-", "--label", "x"), "x", "'x' is not a label"),
        (("--server", "https://127.0.0.1:1", "--token-file", "-"), CANARY, "Not saved"),
    ],
)
def test_wrong_options_are_explained(run: Any, words: tuple[str, ...], stdin: str, said: str) -> None:
    run("add_cluster", "prod", *words, stdin=stdin, fails=said)
    assert not Cluster.objects.exists()


def test_a_blocked_address_is_not_asked(run: Any, server: str, settings: Any, script: Script) -> None:
    settings.CLUSTER_RANGES = ()
    run(
        "add_cluster",
        "x",
        "--server",
        server,
        "--token-file",
        "-",
        stdin=CANARY,
        fails="TOPMAST_CLUSTER_RANGES",
    )
    assert script.asked == []


def test_proxies_of_the_environment_are_not_followed(
    run: Any, kubeconfig: Any, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    run("import_kubeconfig", kubeconfig())
    assert f"GET {VERSION}" in script.asked


def test_a_new_credential_is_tried_and_takes_the_place_of_the_old(
    run: Any, kubeconfig: Any, script: Script, settings: Any
) -> None:
    run("import_kubeconfig", kubeconfig())
    script.replies[WHO_AM_I] = (401, {})
    run("set_credential", "prod", "--token-file", "-", stdin="wrong", fails="Not saved")
    assert opened("prod", settings) == CANARY
    script.replies = {}
    run("set_credential", "prod", "--token-file", "-", stdin="right")
    assert opened("prod", settings) == "right"
    assert Cluster.objects.get().ca_pem == PAIR.certificate_pem


def test_the_address_changes_together_with_the_credential_alone(
    run: Any, kubeconfig: Any, settings: Any
) -> None:
    run("import_kubeconfig", kubeconfig())
    run(
        "set_credential", "prod", "--server", "https://127.0.0.1:1", fails="one of the arguments --token-file"
    )
    run(
        *("set_credential", "prod", "--server", "https://127.0.0.1:1", "--token-file", "-", "--anyway"),
        stdin="new",
    )
    assert Cluster.objects.get().server == "https://127.0.0.1:1"
    assert opened("prod", settings) == "new"


def test_pausing_resuming_renaming_and_removing(run: Any, kubeconfig: Any) -> None:
    run("import_kubeconfig", kubeconfig())
    assert "is paused" in run("pause_cluster", "prod")
    assert Cluster.objects.get().is_paused
    assert "is read again" in run("pause_cluster", "prod", "--resume")
    assert not Cluster.objects.get().is_paused
    assert "prod is now Staging, as staging." in run("rename_cluster", "prod", "Staging")
    run("remove_cluster", "prod", fails="There is no cluster 'prod'. Registered: staging.")
    assert "Staging is removed." in run("remove_cluster", "Staging")
    assert not Cluster.objects.exists()


def test_the_manifest_is_printed_alone(run: Any) -> None:
    kinds = [document["kind"] for document in yaml.safe_load_all(run("print_cluster_role"))]
    assert kinds == ["Namespace", "ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding"]


def test_a_key_is_made_and_changed_without_losing_a_credential(
    run: Any, kubeconfig: Any, settings: Any
) -> None:
    run("make_key")
    run("make_key", fails="is there already")
    run("import_kubeconfig", kubeconfig())
    said = run("make_key", "--add")
    assert "1 credentials use it" in said
    kept = settings.KEY_FILE.read_text().splitlines()
    settings.KEY_FILE.write_text("\n".join(kept[:2]))
    assert opened("prod", settings) == CANARY
