"""Debian's Alertmanager sends its alerts to us, as docs/alerts.md has it set up."""

import contextlib
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from clusters.access.tokens import make_token
from metrics.alerts.models import Alert, AlertEvent
from portal.settings import BASE_DIR
from tests.builders import a_cluster, a_pod_row, a_team, a_user, an_alert, granted
from tests.waiting import free_port, wait_until

ALERTMANAGER = shutil.which("prometheus-alertmanager")
ANSWER_SECONDS = 20

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed"),
]


class Alertmanager:
    """A running one, with a folder and a port of its own."""

    def __init__(self, folder: Path, config: dict) -> None:
        self.port = free_port()
        self._log = folder / "log"
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    str(ALERTMANAGER), f"--config.file={folder}/alertmanager.yml",
                    f"--storage.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        wait_until(self._is_ready, within_seconds=ANSWER_SECONDS, what="the Alertmanager")

    def said(self) -> str:
        """Its log."""
        return self._log.read_text()

    def add(self, *alerts: dict) -> None:
        """What a Prometheus would post."""
        self._ask("/api/v2/alerts", json.dumps(alerts).encode())

    def count(self, metric: str) -> int:
        """One of its counters about webhooks."""
        found = re.search(rf'^{metric}{{integration="webhook"[^}}]*}} (\d+)', self._ask("/metrics"), re.M)
        return int(found[1]) if found else 0

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return bool(self._ask("/-/ready"))
        except (urllib.error.URLError, OSError):
            return False

    def _ask(self, path: str, body: bytes | None = None) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()


@pytest.fixture
def bob():
    bob = a_user("bob")
    prod = a_cluster("prod")
    granted(a_team(bob), prod)
    a_pod_row(prod, "web-1", workload="Deployment/web")
    return bob


@pytest.fixture
def config(live_server, bob, tmp_path) -> dict:
    """The lines of the docs, with our address, our token and no patience."""
    token = tmp_path / "topmast-token"
    token.write_text(
        make_token(bob, name="", scopes=("inbound",), days=1, now_ms=time.time_ns() // 1_000_000) + "\n"
    )
    lines = (BASE_DIR / "docs/alerts.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    lines = lines.replace("https://topmast.example.org", live_server.url)
    config = yaml.safe_load(lines.replace("/etc/alertmanager/topmast-token", str(token)))
    config["route"].update(group_wait="0s", group_interval="1s")
    return config


@pytest.fixture
def alertmanagers(config, tmp_path) -> Iterator[tuple[Alertmanager, Alertmanager]]:
    """Two that do not know of each other, as of a pair whose line is cut: both send everything."""
    with contextlib.ExitStack() as stack:
        pair = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            one = Alertmanager(tmp_path / name, config)
            stack.callback(one.process.wait, timeout=10)
            stack.callback(one.process.terminate)
            pair.append(one)
        yield pair[0], pair[1]


def an_alert_of(alertname: str, **labels: str) -> dict:
    """An alert as a Prometheus posts it."""
    ordinary = {"alertname": alertname, "cluster": "prod", "namespace": "shop", "pod": "web-1"}
    return {
        "labels": {**ordinary, "severity": "page", **labels},
        "annotations": {"summary": "Too long."},
        "startsAt": "2026-01-02T03:04:05.678901234Z",
        "generatorURL": "http://prometheus:9090/graph",
    }


def is_over(alert: dict) -> dict:
    """The same, ended just now."""
    return {**alert, "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def test_what_a_pair_sends_is_one_alert_until_it_is_over(alertmanagers) -> None:
    alert = an_alert_of("QueueTooLong")
    for one in alertmanagers:
        one.add(alert)
        _wait_until_sent(one, 1)

    row = Alert.objects.get()
    assert (row.source, row.rule, row.severity, row.state) == (
        "alertmanager", "QueueTooLong", "critical", "firing",
    )  # fmt: skip
    assert (row.cluster.slug, row.workload, row.since_ms) == ("prod", "Deployment/web", 1_767_323_045_678)
    assert row.params["sentence"] == "Too long."

    for one in alertmanagers:
        one.add(is_over(alert))
        _wait_until_sent(one, 2)

    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("resolved", "condition")
    assert list(AlertEvent.objects.values_list("what", flat=True)) == ["fired", "resolved"]
    assert [one.count("alertmanager_notifications_failed_total") for one in alertmanagers] == [0, 0]


def test_what_we_found_ourselves_is_left_to_our_rule(alertmanagers, bob) -> None:
    from clusters.models import Cluster

    ours = an_alert(Cluster.objects.get(), rule="pod-crash-looping", name="web-1")

    alertmanagers[0].add(an_alert_of("KubePodCrashLooping"))
    _wait_until_sent(alertmanagers[0], 1)

    assert Alert.objects.get() == ours
    assert AlertEvent.objects.get().what == "also_seen"


def test_why_nothing_was_taken_stands_in_its_log(alertmanagers) -> None:
    one = alertmanagers[0]
    one.add(an_alert_of("QueueTooLong", cluster="theirs"))

    wait_until(
        lambda: "Its cluster theirs is not there" in one.said(), within_seconds=ANSWER_SECONDS, what="the log"
    )
    assert one.count("alertmanager_notifications_failed_total") >= 1
    assert not Alert.objects.exists()


def _wait_until_sent(one: Alertmanager, times: int) -> None:
    """One after the other: all threads of a test server share SQLite's connection, and so its transaction."""
    wait_until(
        lambda: one.count("alertmanager_notification_latency_seconds_count") >= times,
        within_seconds=ANSWER_SECONDS,
        what="the notification",
    )
