"""A small world of destinations, groups and a sender that runs step by step, by a clock of the test's own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clusters.connection.credentials import Keyring, PrivateKey
from clusters.connection.guard import LOOPBACK
from clusters.models import Cluster
from metrics.alerts.models import Alert, AlertGroup
from metrics.notify import sending
from metrics.notify.attempts import Result, attempt
from metrics.notify.destinations import Wanted, add_destination, make_secret
from metrics.notify.dialling import Line
from metrics.notify.flushing import flush
from metrics.notify.models import Destination, OutboxMessage, Route
from metrics.notify.words import TEST_RULE, TEST_WORDS, Words
from tests.builders import a_cluster, a_group, an_alert
from tests.metrics.notify.builders import NOW_MS, PODS

LINE = Line(allowed_ranges=LOOPBACK, connect_seconds=2.0, whole_seconds=2.0)
RING = Keyring((PrivateKey.generate(),))
WORDS = Words(
    said={TEST_RULE: TEST_WORDS, "pod-crash-looping": PODS},
    reaches={"cluster-unreachable": "cluster", "node-not-ready": "node"},
)
SECRET = make_secret()
HALF = 0.5


def a_destination(url: str, name: str = "ops", *, kind: str = "webhook", **facts: Any) -> Destination:
    """A destination that takes everything, unless told otherwise."""
    routed = facts.pop("routed", True)
    secret = SECRET if kind == "webhook" else ""
    wanted = Wanted(name=name, kind=kind, url=url, secret=secret, **facts)
    row = add_destination(wanted, RING.public_key, user=None, via="command", now_ms=NOW_MS)
    if routed:
        Route.objects.create(destination=row, created_at_ms=NOW_MS)
    return row


def a_due_group(*, cluster: Cluster | None = None, alerts: int = 1, **facts: Any) -> AlertGroup:
    """A group of firing alerts that is due at NOW_MS."""
    group = a_group(**{"flush_at_ms": NOW_MS, **facts})
    cluster = cluster or a_cluster()
    for _ in range(alerts):
        an_alert(cluster, group=group, severity=group.severity, rule=group.rule, since_ms=NOW_MS - 60_000)
    return group


def due(group: AlertGroup, at_ms: int) -> None:
    """It changed: have it told about at that time."""
    AlertGroup.objects.filter(pk=group.pk).update(flush_at_ms=at_ms)


def resolve(group: AlertGroup, at_ms: int) -> None:
    """Everything in it is over."""
    Alert.objects.filter(group=group).exclude(state="resolved").update(
        state="resolved", resolved_at_ms=at_ms, end_reason="condition"
    )
    AlertGroup.objects.filter(pk=group.pk).update(state="resolved", resolved_at_ms=at_ms, flush_at_ms=at_ms)


def messages(
    group: AlertGroup | None = None, destination: Destination | None = None
) -> list[tuple[str, str]]:
    """What each message tells and how it is, in order."""
    rows = OutboxMessage.objects.order_by("pk")
    if group is not None:
        rows = rows.filter(group=group)
    if destination is not None:
        rows = rows.filter(destination=destination)
    return list(rows.values_list("tells", "status"))


@dataclass
class Sender:
    """Flushes, claims, sends and settles when the test says so."""

    owner: str = "sender-1"
    now_ms: int = NOW_MS
    line: Line = field(default=LINE)

    def flush(self) -> int:
        """Write what is due."""
        return flush(self.now_ms, WORDS)

    def claim(self) -> list[sending.Parcel]:
        """Take what may leave."""
        return sending.claim(sending.candidates(self.now_ms), self.owner, self.now_ms)

    def send(self, parcels: list[sending.Parcel]) -> list[Result]:
        """Send what was taken."""
        return [attempt(parcel, self.line, lambda: RING, lambda: self.now_ms) for parcel in parcels]

    def settle(self, results: list[Result], chance: Callable[[], float] = lambda: HALF) -> None:
        """Keep what came of it."""
        sending.settle(results, self.now_ms, chance)

    def step(self, after_ms: int = 0) -> int:
        """All of it once, after some time; how many were sent."""
        self.now_ms += after_ms
        self.flush()
        results = self.send(self.claim())
        self.settle(results)
        return len(results)

    def run(self, until_ms: int, every_ms: int = 1_000) -> None:
        """Step after step until a moment."""
        while self.now_ms < until_ms:
            self.step(every_ms)
