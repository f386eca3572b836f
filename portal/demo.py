"""The demo fleet: simulated clusters for somebody who has none registered yet.

`manage.py up` runs them as one more child and registers what it announces; from then on they are read like
any other cluster. They go when a person says so (`remove_demo`), and stay gone.
"""

import json
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from clusters import registry
from clusters.connection.endpoint import Endpoint
from clusters.connection.keyfile import load_public_key
from clusters.connection.login import token_login
from clusters.models import Cluster
from portal.supervision.child import Program

FLEET = ("--fleet", "demo")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Demo:
    """Where its files are: certificates and ports, what it announced, and whether it was sent away."""

    directory: Path

    @property
    def announcement_path(self) -> Path:
        """The simulator's one line of JSON: where its clusters are."""
        return self.directory / "announcement.json"

    @property
    def is_gone(self) -> bool:
        """Whether somebody removed it."""
        return self._gone_path.exists()

    @property
    def _gone_path(self) -> Path:
        return self.directory / "removed"

    def program(self) -> Program:
        """The simulator, as a child."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.announcement_path.unlink(missing_ok=True)
        return Program(
            name="demo",
            command=(sys.executable, "-m", "clusters.simulator", *FLEET, "--state-dir", str(self.directory)),
            stops_last=True,  # Else its readers would tell at each stop that it is away.
            output=self.announcement_path,
        )

    def announced(self) -> list[dict[str, Any]]:
        """The clusters it said it has; none while it has not said it whole."""
        try:
            text = self.announcement_path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return list(json.loads(text)["clusters"]) if text.endswith("\n") else []

    def remove(self) -> int:
        """Forget its clusters and never start it again; how many there were."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._gone_path.touch(mode=0o600)
        return remove_demo_clusters()


def the_demo() -> Demo:
    """The one of this data directory."""
    return Demo(settings.DATA_DIR / "demo")


def is_wanted(demo: Demo) -> bool:
    """Whether to start it: it was there before, or no cluster is registered."""
    if not settings.ENVIRONMENT.shows_demo or demo.is_gone:
        return False
    return Cluster.objects.filter(is_demo=True).exists() or not Cluster.objects.exists()


def remove_demo_clusters() -> int:
    """Forget them with all that was kept of them; how many there were."""
    clusters = list(Cluster.objects.filter(is_demo=True))
    for cluster in clusters:
        registry.remove(cluster)
    return len(clusters)


def register(announced: list[dict[str, Any]]) -> None:
    """Register what the simulator announced; where it was before, tell the new address and token.

    One that a person removed by itself stays away: only an empty fleet gets them all.
    """
    registrations = {each["name"]: _registration(each) for each in announced}
    known = {cluster.name: cluster for cluster in Cluster.objects.filter(is_demo=True)}
    now_ms = time.time_ns() // 1_000_000
    public_key = load_public_key(settings.KEY_FILE)
    with transaction.atomic():
        for name, registration in registrations.items():
            if name in known and _is_news(known[name], registration):
                registry.update(known[name], registration, public_key, now_ms=now_ms)
            elif not known:
                registry.add(registration, public_key, now_ms=now_ms)
    if not known:
        log.info(
            "registered %d simulated clusters as a demo; `manage.py remove_demo` removes them", len(announced)
        )


def _registration(announced: dict[str, Any]) -> registry.Registration:
    return registry.Registration(
        name=announced["name"],
        endpoint=Endpoint(
            server=announced["address"], ca_pem=Path(announced["ca"]).read_text(encoding="ascii")
        ),
        login=token_login(announced["token"]),
        labels=announced["labels"],
        is_demo=True,
    )


def _is_news(cluster: Cluster, registration: registry.Registration) -> bool:
    credential = getattr(cluster, "credential", None)
    return (
        registry.endpoint_of(cluster) != registration.endpoint
        or credential is None
        or credential.fingerprint != registration.login.fingerprint
    )
