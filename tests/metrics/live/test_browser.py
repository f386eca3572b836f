"""The live elements in a real browser, on markup like the templates'."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from playwright.async_api import Page, async_playwright

from clusters.models import Cluster
from metrics.live import frames
from tests.builders import a_cluster, a_worker, an_admin
from tests.metrics.live.builders import a_frame
from tests.metrics.live.pages import HOST, a_web_process, cookie_of
from tests.metrics.live.valkey import Valkey

CHROMIUM = Path("/usr/bin/chromium")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
]


class Portal:
    """Pages made by the test, sockets by the portal, scripts as they lie in the tree."""

    def __init__(self, sockets: Any) -> None:
        self._sockets = sockets
        self.page: Callable[[], str] = str
        self.renders = 0
        self.port = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        body, kind = self._answer(scope["path"])
        headers = [
            (b"content-type", kind.encode()),
            (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, path: str) -> tuple[bytes, str]:
        if path.startswith("/static/"):
            kind = mimetypes.guess_type(path)[0] or "text/plain"
            return Path(settings.BASE_DIR, path.removeprefix("/")).read_bytes(), kind
        self.renders += 1
        return self.page().encode(), "text/html; charset=utf-8"


@pytest_asyncio.fixture
async def portal(
    transactional_db: None, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Portal]:
    """A running portal whose page the test makes."""
    from channels.routing import ProtocolTypeRouter

    from metrics.live.routing import websocket_application

    # At work for as long as the tests last.
    await sync_to_async(a_worker)(seconds_ago=-3_600)
    portal = Portal(ProtocolTypeRouter({"websocket": websocket_application}))
    async with a_web_process(portal) as port:
        portal.port = port
        yield portal


@pytest_asyncio.fixture
async def page(portal: Portal) -> AsyncIterator[Page]:
    """A page of somebody who is signed in."""
    name, _, value = (await cookie_of(await sync_to_async(an_admin)())).partition("=")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = await browser.new_context()
        await context.add_cookies([{"name": name, "value": value, "url": f"http://{HOST}:{portal.port}"}])
        page = await context.new_page()
        page.faults = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))  # type: ignore[attr-defined]
        yield page
        assert page.faults == []  # type: ignore[attr-defined]
        await browser.close()


def html(entry: str, main: str) -> str:
    """A page with the parts around the live element that the templates have."""
    return f"""<!doctype html><html lang="en"><head><title>Test</title>
<link rel="icon" href="data:,"><script type="module" src="/static/js/entries/{entry}.js"></script></head>
<body><span data-part="live" data-state="still"><i></i><span data-part="live-text">Not live yet</span></span>
<p data-part="offline" hidden><span data-part="offline-text"></span></p>{main}</body></html>"""


def card(cluster: Cluster, health: str = "healthy") -> str:
    """One card."""
    return f"""<article data-id="{cluster.uuid}" data-health="{health}"><header>
<svg data-part="shape" data-health="{health}" aria-label=""><use href="#s-{health}"/></svg></header>
<b data-f="pods.total" data-as="count">0</b>
<svg data-bar="cpu" data-level="ok"><rect width="0%"/><rect x="0%" width="0"/></svg>
<em data-f="cpu" data-as="cpu-percent">0 %</em></article>"""


async def tell(valkey: Valkey, frame: frames.Frame) -> None:
    """Publish one frame as a worker does."""
    await asyncio.to_thread(valkey.publish, frames.CHANNEL, frames.encode_frames([frame]))


async def test_numbers_shapes_and_bars_follow_the_frames(portal: Portal, page: Page, valkey: Valkey) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    portal.page = lambda: html(
        "fleet",
        f"""<live-fleet data-path="/ws/fleet/"><span data-part="verdict">Fine</span>
        <a data-f="clusters.total" data-as="count">0</a>
        <i data-show-if="clusters.critical" hidden>bad</i>{card(cluster)}</live-fleet>""",
    )
    await page.goto(f"http://{HOST}:{portal.port}/")
    await page.wait_for_selector("[data-part=live][data-state=live]", timeout=5_000)
    await tell(valkey, a_frame(cluster, 2, health="critical"))
    await page.wait_for_selector("article[data-health=critical]", timeout=2_000)

    assert await page.inner_text("article b") == "10"
    assert await page.inner_text("article em") == "–", "unknown is a dash, not 0"
    assert await page.get_attribute("article use", "href") == "#s-critical"
    assert await page.get_attribute("article header svg", "aria-label") == "Critical"
    assert await page.inner_text("a[data-f]") == "1"
    assert await page.is_visible("i[data-show-if]")


async def test_sentences_and_lists_are_rendered_anew_by_the_server(
    portal: Portal, page: Page, valkey: Valkey
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    rendered = {"verdict": "Fine", "health": "healthy"}
    portal.page = lambda: html(
        "fleet",
        f"""<live-fleet data-path="/ws/fleet/"><span data-part="verdict">{rendered["verdict"]}</span>
        <p role="status" data-part="say"></p>{card(cluster, rendered["health"])}</live-fleet>""",
    )
    await page.goto(f"http://{HOST}:{portal.port}/")
    await page.wait_for_selector("[data-part=live][data-state=live]", timeout=5_000)
    renders = portal.renders
    rendered |= {"verdict": "One cluster is critical", "health": "critical"}
    await tell(valkey, a_frame(cluster, 2, health="critical"))
    await page.wait_for_selector("[data-part=verdict]:text('critical')", timeout=6_000)

    assert portal.renders == renders + 1
    assert await page.text_content("[data-part=say]") == "One cluster is critical"


async def test_a_page_that_lost_its_line_says_so_and_comes_back(portal: Portal, page: Page) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    portal.page = lambda: html(
        "cluster",
        """<live-cluster data-path="/ws/clusters/prod-eu/" data-place="1.1">
        <b data-f="pods.total" data-as="count">0</b></live-cluster>""",
    )
    await page.goto(f"http://{HOST}:{portal.port}/")
    await page.wait_for_selector("[data-part=live][data-state=live]", timeout=5_000)
    sockets, portal._sockets = portal._sockets, _refuse
    await page.context.set_offline(True)
    from metrics.live import hub

    for line in [line for lines in hub._hub._lines.values() for line in lines]:
        await line.close(1012)
    await page.wait_for_selector("[data-part=offline]:not([hidden])", timeout=5_000)
    text = await page.inner_text("[data-part=offline-text]")
    portal._sockets = sockets
    await page.context.set_offline(False)
    await page.wait_for_selector("[data-part=live][data-state=live]", timeout=20_000)

    assert text.startswith("Not live. Last update ")
    assert "Reconnecting, try" in text
    assert await page.is_hidden("[data-part=offline]")
    assert cluster.slug == "prod-eu"


async def test_rows_are_rendered_anew_when_one_of_them_changes(
    portal: Portal, page: Page, valkey: Valkey
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    rows = ["a", "b"]
    place = {"now": "1.1"}

    def list_page() -> str:
        body = "".join(f'<tr data-uid="uid-{row}"><td>{row}</td></tr>' for row in rows)
        opening = f'<live-cluster data-path="/ws/clusters/prod-eu/" data-place="{place["now"]}"'
        table = f'<form><input name="q"></form><table><tbody>{body}</tbody></table>'
        return html("cluster", f'{opening} data-kinds="Deployment,Job">{table}</live-cluster>')

    portal.page = list_page
    await page.goto(f"http://{HOST}:{portal.port}/")
    await page.wait_for_selector("[data-part=live][data-state=live]", timeout=5_000)
    await page.fill("input", "typed")
    await page.evaluate("document.querySelector('[data-uid=uid-b]').mine = true")
    rows[:] = ["b", "c"]
    place["now"] = "1.2"
    await tell(valkey, a_frame(cluster, 2))
    await page.wait_for_selector("[data-uid=uid-c]", timeout=6_000)

    assert await page.locator("td").all_inner_texts() == ["b", "c"]
    assert await page.evaluate("document.querySelector('[data-uid=uid-b]').mine"), "a row that stays is kept"
    assert await page.input_value("input") == "typed", "what somebody types is theirs"


async def test_the_page_of_an_object_keeps_the_objects_own_shape(
    portal: Portal, page: Page, valkey: Valkey
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    portal.page = lambda: html(
        "cluster",
        """<live-cluster data-path="/ws/clusters/prod-eu/" data-uid="uid-1" data-place="1.1">
        <div class="cluster-head"><svg data-part="shape" data-health="degraded"></svg></div>
        <b data-f="pods.total" data-as="count">0</b></live-cluster>""",
    )
    await page.goto(f"http://{HOST}:{portal.port}/")
    await page.wait_for_selector("[data-part=live][data-state=live]", timeout=5_000)
    await tell(valkey, a_frame(cluster, 2, health="critical"))
    await page.wait_for_selector("b:text('10')", timeout=5_000)

    assert await page.get_attribute(".cluster-head svg", "data-health") == "degraded"


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 1013})
