"""The commands against simulated clusters: real HTTPS, real rights, real faults on the wire."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from clusters.connection.checks import as_text, check_cluster
from clusters.connection.guard import LOOPBACK
from clusters.connection.settings import ConnectionSettings
from clusters.kinds import all_kinds
from clusters.models import Cluster
from clusters.simulator.faults import ANSWER_FAULTS, PORT_FAULTS
from tests.simulated import simulated

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def simulator() -> Iterator[Any]:
    with simulated("tiny", frozen=0) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _own_settings(settings: Any, tmp_path: Path, simulator: Any) -> Iterator[None]:
    settings.KEY_FILE = tmp_path / "cluster.key"
    settings.CLUSTER_RANGES = LOOPBACK
    yield
    simulator.control.clear()


def added(simulator: Any, capsys: Any, *words: str, fails: bool = False) -> str:
    try:
        call_command("import_kubeconfig", simulator.kubeconfig, *words, no_color=True)
        assert not fails
    except CommandError as error:
        assert fails, error
    printed = capsys.readouterr()
    said = printed.out + printed.err
    assert simulator.token not in said
    assert simulator.admin_token not in said
    return said


def test_a_simulated_cluster_passes_and_is_updated_the_second_time(simulator: Any, capsys: Any) -> None:
    first = added(simulator, capsys)
    assert "FAILED" not in first
    uid = Cluster.objects.get().kube_system_uid
    assert uid
    assert "Updated" in added(simulator, capsys)
    assert Cluster.objects.get().kube_system_uid == uid


def test_a_right_taken_away_is_named_with_its_rule(simulator: Any, capsys: Any) -> None:
    simulator.control.step("revoke", group="batch", resource="jobs")
    said = added(simulator, capsys, fails=True)
    assert "FAILED  Job: may not list or watch jobs." in said
    assert '- {apiGroups: ["batch"], resources: [jobs], verbs: [list, watch]}' in said
    assert not Cluster.objects.exists()
    simulator.control.step("grant", group="batch", resource="jobs")
    assert "FAILED" not in added(simulator, capsys)


@pytest.mark.parametrize("fault", sorted(ANSWER_FAULTS | PORT_FAULTS))
def test_a_check_ends_in_a_list_whatever_goes_wrong_on_the_wire(simulator: Any, fault: str) -> None:
    simulator.control.fault(fault, **({"code": 503} if fault == "status" else {}))
    settings = ConnectionSettings(
        server=simulator.address, ca_pem=simulator.ca_pem, token=simulator.token, allowed_ranges=LOOPBACK
    )
    started = time.monotonic()

    checks = asyncio.run(
        check_cluster(settings, kinds=all_kinds(), known_uids={}, now_ms=0, deadline_seconds=0.5)
    )

    # Connecting alone may take five seconds.
    assert time.monotonic() - started < 12
    said = as_text(checks)
    assert checks.has_passed == ("FAILED" not in said)
    assert all(line.isprintable() for line in said.splitlines())
    assert simulator.token not in said
    if fault in {
        "refuse",
        "accept_silent",
        "freeze",
        "certificate",
        "status",
        "html",
        "redirect",
        "unauthorized",
    }:
        assert not checks.has_passed


def test_the_admin_certificate_is_imported_too(simulator: Any, capsys: Any, tmp_path: Path) -> None:
    document = yaml.safe_load(Path(simulator.kubeconfig).read_text())
    pem = Path(simulator.client_certificate).read_text()
    (tmp_path / "admin.pem").write_text(pem)
    for user in document["users"]:
        user["user"] = {"client-certificate": "admin.pem", "client-key": "admin.pem"}
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document))
    call_command("import_kubeconfig", path)
    assert Cluster.objects.get().credential.kind == "client_certificate"
    assert "PRIVATE KEY" not in capsys.readouterr().out
