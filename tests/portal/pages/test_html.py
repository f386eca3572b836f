"""What pages send is sound HTML, without inline styles or scripts: html-validate reads each of them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client

from metrics.alerts.models import Silence
from portal.settings import BASE_DIR
from tests.builders import a_cluster, a_destination, a_message, a_node_row, a_pod_row, an_admin, an_alert

VALIDATOR = BASE_DIR / "node_modules/.bin/html-validate"
PAGES = {
    "fleet": "/",
    "clusters": "/clusters/",
    "cluster": "/clusters/prod/",
    "stale-cluster": "/clusters/lost/",
    "pods": "/clusters/prod/pods/",
    "all-pods": "/all/pods/",
    "all-nodes": "/all/nodes/",
    "empty-list": "/all/events/",
    "pod": "/clusters/prod/Pod/{uid}/",
    "alerts": "/alerts/",
    "alert": "/alerts/{group}/",
    "rules": "/alerts/rules/",
    "rule": "/alerts/rules/pod-crash-looping/",
    "silences": "/alerts/silences/",
    "destinations": "/alerts/destinations/",
    "no-alerts": "/alerts/?view=mine",
    "password": "/password/",
    "password-done": "/password/done/",
    "api-docs": "/api/v1/docs/",
}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not VALIDATOR.exists() or shutil.which("node") is None, reason="html-validate is not installed"
    ),
]


def test_every_page_is_sound_html(client: Client, tmp_path: Path) -> None:
    prod = a_cluster("prod")
    a_cluster(
        "lost", state={"health": "no_data", "connection": "unreachable", "connection_reason": "timeout"}
    )
    a_node_row(prod, "node-1")
    pod = a_pod_row(prod, "web-<b>1</b>", health="critical", reason="CrashLoopBackOff")
    _write(tmp_path / "sign-in.html", client, "/sign-in/")
    for name in ("400", "403", "403_csrf", "404", "500"):
        (tmp_path / f"error-{name}.html").write_text(render_to_string(f"{name}.html"))
    alert = an_alert(prod, name="web-<b>1</b>", params={"name": "web-<b>1</b>"})
    a_message(alert.group, a_destination("on-<b>call</b>", failing_since_ms=5_000), last_answer="<i>no</i>")
    Silence.objects.create(
        matchers=[], reason="a <b>test</b>", created_at_ms=1, starts_at_ms=1, ends_at_ms=10**13
    )
    client.force_login(an_admin())
    for name, path in PAGES.items():
        _write(tmp_path / f"{name}.html", client, path.format(uid=pod.uid, group=alert.group.uuid))

    found = subprocess.run(
        [VALIDATOR, "--config", BASE_DIR / ".htmlvalidate.json", "--formatter", "text", *tmp_path.iterdir()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert found.returncode == 0, found.stdout + found.stderr


def _write(path: Path, client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, address
    path.write_bytes(answer.content)
