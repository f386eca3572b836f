"""Registering a real cluster with the very lines that the commands print."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusters.connection.checks import Verdict, as_text, check_cluster
from clusters.connection.guard import LOOPBACK
from clusters.connection.rbac import ACCOUNT, NAMESPACE, cluster_role_manifest, rules_for
from clusters.connection.settings import ConnectionSettings
from clusters.kinds import all_kinds
from metrics.reading.usage import NODES, PODS
from tests.real.reading import watching
from tests.real.rig import audit
from tests.real.rig.cluster import Cluster
from tests.real.rig.processes import wait_until
from tests.real.rig.reader import Reader, create_reader

ROOT = Path(__file__).resolve().parents[2]
LOGIN_PROGRAM = """#!{python}
import base64, json, pathlib
read = lambda name: pathlib.Path({keys!r}, name).read_text()
status = {{"clientCertificateData": read("admin.crt"), "clientKeyData": read("admin.key")}}
version = "client.authentication.k8s.io/v1"
print(json.dumps({{"apiVersion": version, "kind": "ExecCredential", "status": status}}))
"""
REVIEWS = {
    ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
}
# A reading asks this one about once a minute.
RULES_REVIEW = ("create", "authorization.k8s.io", "selfsubjectrulesreviews")

Manage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path, real_tools: Path) -> dict[str, str]:
    """An embedded portal of this test's own, and kubectl on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOPMAST", "DATABASE"))}
    return {
        **kept,
        "PATH": f"{real_tools}:/usr/bin:/bin",
        "TOPMAST_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }


@pytest.fixture
def manage(environment: dict[str, str], tmp_path: Path) -> Manage:
    """Runs manage.py as an operator does, from a folder of their own."""

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(
            command,
            input=stdin,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert run("migrate", "--verbosity", "0").returncode == 0
    return run


@pytest.fixture(scope="module")
def account(cluster: Cluster) -> Iterator[Reader]:
    """The account of the printed manifest, gone afterwards."""
    yield create_reader(cluster, cluster_role_manifest(all_kinds()))
    take_away_account(cluster)


def take_away_account(cluster: Cluster) -> None:
    """Undo the printed manifest; returns when its namespace has gone."""
    cluster.kubectl("delete", "clusterrole,clusterrolebinding", ACCOUNT, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=60s")


def settings_of(cluster: Cluster, reader: Reader) -> ConnectionSettings:
    return ConnectionSettings(
        server=cluster.server,
        ca_pem=reader.authority_pem,
        token=reader.token,
        allowed_ranges=LOOPBACK,
    )


def eks_like(cluster: Cluster, folder: Path) -> Path:
    """A kubeconfig whose user logs in with a program, as those of cloud providers do."""
    program = folder / "login program"
    program.write_text(LOGIN_PROGRAM.format(python=sys.executable, keys=str(cluster.layout.certificates)))
    program.chmod(0o700)
    document = yaml.safe_load(cluster.admin_kubeconfig.read_text())
    document["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(program),
            "args": ["aws", "eks", "get-token"],
            "interactiveMode": "Never",
        }
    }
    document["contexts"][0]["name"] = document["current-context"] = "it's $(prod)"
    path = folder / "kube config"
    path.write_text(yaml.safe_dump(document))
    return path


def registered(tmp_path: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(tmp_path / "data" / "topmast.sqlite3") as database:
        return database.execute(
            "SELECT c.name, c.server, k.kind FROM clusters_cluster c "
            "JOIN clusters_credential k ON k.cluster_id = c.id"
        ).fetchall()


def test_the_printed_lines_register_a_cluster_whose_users_log_in_with_a_program(
    cluster: Cluster, manage: Manage, environment: dict[str, str], tmp_path: Path
) -> None:
    path = eks_like(cluster, tmp_path)

    refused = manage("import_kubeconfig", str(path), "--label", "env=prod")

    assert refused.returncode == 1
    assert registered(tmp_path) == []
    lines = [line.strip() for line in refused.stderr.splitlines() if line.startswith("  ")]
    assert len(lines) == 4, refused.stderr

    done = subprocess.run(
        ["/bin/sh", "-e", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    try:
        assert done.returncode == 0, done.stdout + done.stderr
        assert registered(tmp_path) == [("it's $(prod)", cluster.server, "token")]
        assert "FAILED" not in done.stdout
        assert "Who we are: system:serviceaccount:topmast:topmast-reader" in done.stdout
        token = cluster.kubectl("get", "secret", ACCOUNT, "-n", NAMESPACE, "-o", "jsonpath={.data.token}")
        assert token
        assert token[:40] not in done.stdout + done.stderr
    finally:
        take_away_account(cluster)


def test_an_ordinary_kubeconfig_is_imported_and_imported_again(
    cluster: Cluster, manage: Manage, tmp_path: Path
) -> None:
    first = manage("import_kubeconfig", str(cluster.admin_kubeconfig), "--name", "prod")
    again = manage("import_kubeconfig", str(cluster.admin_kubeconfig), "--name", "prod")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "Added prod as prod." in first.stdout
    assert "Updated prod as prod." in again.stdout
    assert registered(tmp_path) == [("prod", cluster.server, "client_certificate")]


async def test_every_rule_of_the_printed_role_is_used_and_nothing_is_refused(
    cluster: Cluster, account: Reader
) -> None:
    await asyncio.to_thread(cluster.wait_for_usage)
    mark = cluster.audit_size_bytes()

    found = await check_cluster(
        settings_of(cluster, account), kinds=all_kinds(), known_uids={}, now_ms=_now_ms()
    )
    await read_everything(cluster, account)

    assert [check for check in found.checks if check.verdict is not Verdict.PASSED] == [], as_text(found)
    granted = {
        (verb, rule.group, resource)
        for rule in rules_for(all_kinds())
        for resource in rule.resources
        for verb in rule.verbs
    }

    def used() -> set[audit.Asked]:
        return cluster.rules_used(user=account.user, from_byte=mark)

    def resources() -> set[tuple[str, str, str]]:
        return {(asked.verb, asked.group, asked.resource) for asked in used() if asked.resource}

    # A watch is written down when it has ended.
    assert await asyncio.to_thread(wait_until, lambda: resources() >= granted, seconds=40)
    assert resources() - {RULES_REVIEW} == REVIEWS | granted
    assert [asked for asked in used() if asked.is_refused] == []


async def read_everything(cluster: Cluster, account: Reader) -> None:
    """Read the cluster as a worker does: the portal's own reader, and usage beside it."""
    async with watching(cluster, token=account.token) as watched:
        await watched.until_live(seconds=60)
        for target in (NODES, PODS):
            assert (await watched.reading.connection.get(target)).status == 200


async def test_a_right_that_is_missing_is_named_and_the_named_rule_mends_it(
    cluster: Cluster, account: Reader
) -> None:
    role = json.loads(cluster.kubectl("get", "clusterrole", ACCOUNT, "-o", "json"))
    rules = [rule for rule in role["rules"] if rule["apiGroups"] != ["batch"]]
    _put_rules(cluster, rules)

    async def tried() -> Any:
        return await check_cluster(
            settings_of(cluster, account), kinds=all_kinds(), known_uids={}, now_ms=_now_ms()
        )

    found = await _until(tried, lambda checks: not checks.has_passed)
    failed = {check.name for check in found.checks if check.verdict is Verdict.FAILED}
    assert failed == {kind.name for kind in all_kinds() if kind.group == "batch"}
    added = [yaml.safe_load(str(rule))[0] for rule in found.missing_rules]
    _put_rules(cluster, rules + added)
    assert (await _until(tried, lambda checks: checks.has_passed)).has_passed


def _put_rules(cluster: Cluster, rules: list[dict[str, Any]]) -> None:
    cluster.kubectl("patch", "clusterrole", ACCOUNT, "--type=merge", "-p", json.dumps({"rules": rules}))


async def _until(ask: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    """The answer once it is so; the API server takes a moment to notice a changed role."""
    for _ in range(40):
        answer = await ask()
        if is_so(answer):
            break
        await asyncio.sleep(0.25)
    return answer


async def test_a_wrong_token_and_a_stranger_are_told_apart(cluster: Cluster, second_cluster: Cluster) -> None:
    authority = cluster.authority.read_text()

    async def said(**changes: Any) -> str:
        settings = ConnectionSettings(server=cluster.server, allowed_ranges=LOOPBACK, **changes)
        return as_text(await check_cluster(settings, kinds=all_kinds(), known_uids={}, now_ms=_now_ms()))

    assert "FAILED  Who we are: The API server rejected the credential (401)" in await said(
        ca_pem=authority, token="wrong"
    )
    assert "FAILED  Who we are" in await said(ca_pem=authority)
    assert "FAILED  Certificate" in await said(ca_pem=second_cluster.authority.read_text(), token="wrong")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
