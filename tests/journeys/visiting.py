"""Pages of a stored fleet in a real browser: which there are, and how to get each into its state.

The fleet stands still in the database. Pages and sockets are the portal's own, so that a page is live, or has
lost its line, the way it would be for a user.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from asgiref.sync import sync_to_async
from django.conf import settings
from playwright.async_api import Browser, BrowserContext, Page, WebSocketRoute

from clusters.models import Cluster, Lease, Resource
from metrics.alerts.models import AlertEvent, AlertGroup, Silence
from metrics.models import ProcessSeen
from tests import builders
from tests.metrics.live.pages import cookie_of
from tests.simulated import SimulatedFleet
from tests.stored import store_clusters

CHROMIUM = Path("/usr/bin/chromium")
SCENARIOS = ("calm", "node-lost", "crash-loop", "forbidden-kind", "filling-up")
LONG_NAME = "the-cluster-of-a-team-that-writes-everything-into-its-name-1"
LISTS = ("nodes", "workloads", "pods", "events", "everything")
ALERT_PAGES = ("rules", "rules/pod-restart-rate", "silences", "destinations")
FLEET_TIMEOUT_MS = 10_000


def missing() -> str:
    """What these tests need and this machine does not have; empty when all is there."""
    needs = (
        (CHROMIUM, "needs Debian's chromium"),
        (settings.BASE_DIR / "node_modules/axe-core/axe.min.js", "needs axe-core: npm ci"),
        (settings.BASE_DIR / "static/dist/fleet.js", "needs the built browser's part: make build"),
    )
    return next((reason for path, reason in needs if not path.exists()), "")


@dataclass(frozen=True)
class Visit:
    """One page in one state."""

    name: str
    path: str
    line: str = "live"
    """`live`, `lost` (it was live once), or `none` where the page follows no socket."""
    who: str = "admin"
    status: int = 200
    worker: str = "at work"
    """`at work`, `gone` (it was there once), or `never` started."""


@dataclass
class Visitor:
    """A browser and the people who look through it."""

    address: str
    browser: Browser
    slugs: dict[str, str]
    cookies: dict[str, str]
    faults: list[str] = field(default_factory=list)
    _contexts: dict[str, BrowserContext] = field(default_factory=dict)

    async def open(self, visit: Visit) -> Page:
        """The page, in its state. What it says on the console is in `faults`."""
        await sync_to_async(put_worker)(visit.worker)
        page = await (await self._context(visit.who)).new_page()
        self.faults.clear()
        page.on("pageerror", lambda fault: self.faults.append(f"{visit.name}: {fault}"))
        page.on("console", lambda said: self._hear(visit, said.type, said.text))
        sockets: list[WebSocketRoute] = []
        if visit.line == "lost":
            await page.route_web_socket("**/ws/**", lambda socket: self._pass_first(socket, sockets))
        answer = await page.goto(self.address + visit.path)
        if answer is None or answer.status != visit.status:
            self.faults.append(f"{visit.name}: not answered with {visit.status}")
        if visit.line != "none":
            mark = "live" if visit.worker == "at work" else "unread"
            await page.wait_for_selector(f"[data-part=live][data-state={mark}]", timeout=FLEET_TIMEOUT_MS)
        if visit.line == "lost":
            await sockets[0].close(code=1012)
            await page.wait_for_selector("[data-part=offline]:not([hidden])", timeout=FLEET_TIMEOUT_MS)
        return page

    async def close(self) -> None:
        """Close what was opened."""
        for context in self._contexts.values():
            await context.close()

    def _hear(self, visit: Visit, kind: str, text: str) -> None:
        is_meant = (visit.line == "lost" and "WebSocket" in text) or f"status of {visit.status} " in text
        if kind in ("error", "warning") and not is_meant:
            self.faults.append(f"{visit.name}: {text}")

    @staticmethod
    def _pass_first(socket: WebSocketRoute, seen: list[WebSocketRoute]) -> None:
        seen.append(socket)
        if len(seen) == 1:
            socket.connect_to_server()

    async def _context(self, who: str) -> BrowserContext:
        if who not in self._contexts:
            context = await self.browser.new_context(reduced_motion="reduce")
            if who in self.cookies:
                name, _, value = self.cookies[who].partition("=")
                await context.add_cookies([{"name": name, "value": value, "url": self.address}])
            self._contexts[who] = context
        return self._contexts[who]


def store_fleet(fleet: SimulatedFleet) -> dict[str, str]:
    """The fleet in the database; from scenario to slug. One is down, one has no metrics, one a long name."""
    names = {one.scenario: one.name for one in fleet.clusters.values()}
    fleet.clusters[names["forbidden-kind"]].control.fault("status", code=404, path="/apis/metrics.k8s.io")
    store_clusters(fleet.clusters, down=names["filling-up"])
    builders.a_cluster(LONG_NAME, labels={"env": "a-long-environment", "owner": "x" * 60})
    # Demo clusters hide beside live ones, so all of them are: then every page has that banner.
    Cluster.objects.update(is_demo=True)
    slugs = {name: Cluster.objects.get(name=cluster).slug for name, cluster in names.items()}
    store_alerts({name: Cluster.objects.get(slug=slug) for name, slug in slugs.items()})
    return slugs


def store_alerts(clusters: dict[str, Cluster]) -> None:
    """One alert in each state of the inbox, by the scenario of the cluster it is in."""
    now_ms = time.time_ns() // 1_000_000
    since = {"since_ms": now_ms - 480_000, "fired_at_ms": now_ms - 420_000}
    node = {"kind": "Node", "namespace": "", "params": {"name": "n-1", "reason": "KubeletStopped"}, **since}
    sick, lost = clusters["crash-loop"], clusters["node-lost"]
    group = builders.a_group(opened_at_ms=since["since_ms"], since_ms=since["since_ms"])
    for number in range(12):
        name = f"checkout-{number}"
        params = {"namespace": "shop", "name": name, "container.name": "main", "restarts": number}
        builders.an_alert(
            sick, group=group, name=name, workload="Deployment/checkout", params=params, **since
        )
    _store_deliveries(group, now_ms)
    taken = builders.an_alert(lost, rule="node-not-ready", severity="critical", **node).group
    AlertGroup.objects.filter(pk=taken.pk).update(taken_by=builders.an_admin("olga"))
    silence = Silence.objects.create(
        matchers=[{"name": "cluster", "op": "=", "value": lost.slug}], reason="load test",
        created_at_ms=now_ms, starts_at_ms=now_ms, ends_at_ms=now_ms + 3_600_000,
    )  # fmt: skip
    builders.an_alert(lost, rule="node-pressure", severity="info", silenced_by=silence, **node)
    unknown = builders.a_group(state="unknown", since_ms=since["since_ms"])
    builders.an_alert(
        clusters["filling-up"], group=unknown, state="unknown", unknown_since_ms=now_ms, **since
    )


def _store_deliveries(group: AlertGroup, now_ms: int) -> None:
    """One destination was told of it, one cannot be, and the trail says so."""
    well = builders.a_destination("on-call", last_success_at_ms=now_ms)
    builders.a_message(
        group, well, status="delivered", attempts=2, ended_at_ms=now_ms - 400_000, last_answer="200 ok"
    )
    failing = builders.a_destination(
        "a-team-with-a-long-name", failing_since_ms=now_ms - 900_000, last_answer="404 no_service"
    )
    builders.a_message(group, failing, last_answer="404 no_service", next_try_at_ms=now_ms + 60_000)
    for what in ("fired", "nowhere", "noted"):
        AlertEvent.objects.create(
            group=group, at_ms=now_ms - 300_000, what=what, params={"text": "looked at it"}
        )


def put_worker(state: str) -> None:
    """A worker that is at work for as long as the tests last, one that is gone, or none that ever was."""
    ProcessSeen.objects.filter(role="worker").delete()
    # Whoever stored the fleet held it a moment ago.
    Lease.objects.update(owner="", expires_at_ms=0)
    hours = {"at work": 1, "gone": -1}
    if state in hours:
        seen_at_ms = time.time_ns() // 1_000_000 + hours[state] * 3_600_000
        ProcessSeen.objects.create(name="worker-1", role="worker", seen_at_ms=seen_at_ms)


async def people() -> dict[str, str]:
    """The cookies of those who look: one sees everything, one nothing."""
    make: dict[str, Callable[[], builders.User]] = {"admin": builders.an_admin, "stranger": builders.a_user}
    return {who: await cookie_of(await sync_to_async(made)()) for who, made in make.items()}


def visits(slugs: dict[str, str]) -> list[Visit]:
    """Every kind of page, and the states that each can be in."""
    sick = f"/clusters/{slugs['crash-loop']}/"
    groups = AlertGroup.objects.all()
    return [
        Visit("sign-in", "/sign-in/", line="none", who="nobody"),
        Visit("fleet", "/"),
        Visit("fleet-line-lost", "/", line="lost"),
        Visit("fleet-empty", "/", who="stranger"),
        Visit("fleet-worker-gone", "/", worker="gone"),
        Visit("cluster-no-worker-yet", sick, worker="never"),
        Visit("not-found", "/nothing-is-here/", line="none", status=404),
        Visit("clusters", "/clusters/", line="none"),
        Visit("clusters-no-match", "/clusters/?q=nothing-is-called-so", line="none"),
        Visit("attention", "/attention/", line="none"),
        Visit("attention-cluster", f"/attention/?cluster={slugs['crash-loop']}", line="none"),
        Visit("alerts", "/alerts/", line="none"),
        Visit("alerts-none", "/alerts/", line="none", who="stranger"),
        *(Visit(f"alerts-{name}", f"/alerts/{name}/", line="none") for name in ALERT_PAGES),
        *(Visit(f"alert-{one.rule}-{one.state}", f"/alerts/{one.uuid}/", line="none") for one in groups),
        Visit("password", "/password/", line="none"),
        *(Visit(f"cluster-{scenario}", f"/clusters/{slug}/") for scenario, slug in slugs.items()),
        Visit("cluster-long-name", f"/clusters/{LONG_NAME}/"),
        Visit("cluster-line-lost", sick, line="lost"),
        *(Visit(f"list-{name}", f"{sick}{name}/") for name in LISTS),
        Visit("list-of-a-cluster-down", f"/clusters/{slugs['filling-up']}/pods/"),
        Visit("list-no-match", f"{sick}pods/?q=nothing-is-called-so"),
        Visit("list-wrong-filter", f"{sick}pods/?health=odd"),
        *(Visit(f"all-{name}", f"/all/{name}/", line="none") for name in LISTS),
        *(Visit(f"detail-{kind}", path) for kind, path in _details(slugs["crash-loop"])),
    ]


def _details(slug: str) -> list[tuple[str, str]]:
    """The worst pod of a cluster, and a node."""
    rows = Resource.objects.filter(cluster__slug=slug)
    found = [rows.filter(kind=kind).order_by("health", "name")[0] for kind in ("Pod", "Node")]
    return [(row.kind, f"/clusters/{slug}/{row.kind}/{row.uid}/") for row in found]
