"""Debian's Alertmanager as a yardstick: alerts posted to it, its webhooks to a receiver of ours."""

import json
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import free_port, wait_until


@contextmanager
def alertmanager(urls: Sequence[str], *, wait_seconds: float) -> Iterator[Callable[[str], None]]:
    """One that tells all of these of every alert after so long; gives what posts an alert of some name."""
    port = free_port()

    def post(name: str) -> None:
        body = json.dumps([{"labels": {"alertname": "Trouble", "name": name}}]).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v2/alerts", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    with tempfile.TemporaryDirectory(prefix="alertmanager-") as folder:
        (Path(folder) / "config.yml").write_text(_config(urls, wait_seconds))
        process = subprocess.Popen(
            [
                "prometheus-alertmanager", f"--config.file={folder}/config.yml",
                f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: _answers(port), within_seconds=20, what="Alertmanager")
            yield post
        finally:
            process.terminate()
            process.wait(10)


def _config(urls: Sequence[str], wait_seconds: float) -> str:
    """JSON is YAML."""
    names = [f"receiver-{number}" for number in range(len(urls))]
    receivers = [
        {"name": name, "webhook_configs": [{"url": url}]} for name, url in zip(names, urls, strict=True)
    ]
    times = {"group_by": ["name"], "group_wait": f"{wait_seconds * 1000:.0f}ms"}
    return json.dumps(
        {
            "route": {
                "receiver": names[0],
                **times,
                "routes": [{"receiver": name, "continue": True, **times} for name in names],
            },
            "receivers": receivers,
        }
    )


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).close()
    except OSError:
        return False
    return True
