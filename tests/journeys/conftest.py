"""A stored fleet, a web process and a browser."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from playwright.async_api import Browser, async_playwright

from tests.journeys.serving import portal
from tests.journeys.visiting import CHROMIUM, SCENARIOS, Visitor, missing, people, store_fleet
from tests.metrics.live.pages import HOST, a_web_process
from tests.metrics.live.valkey import Valkey
from tests.simulated import SimulatedFleet, simulated


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser, where this machine has all that the tests of pages need."""
    if reason := missing():
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


@pytest.fixture
def fleet(browser: Browser) -> Iterator[SimulatedFleet]:
    """Simulated clusters that stand still."""
    with simulated(*SCENARIOS, frozen=300) as fleet:
        yield fleet


@pytest_asyncio.fixture
async def visitor(
    browser: Browser,
    fleet: SimulatedFleet,
    transactional_db: None,
    tmp_path: Path,
    settings: pytest.FixtureRequest,
) -> AsyncIterator[Visitor]:
    """A browser before a running portal with a stored fleet."""
    slugs = await sync_to_async(store_fleet)(fleet)
    valkey = Valkey(tmp_path)
    valkey.start()
    settings.REDIS_URL = valkey.url
    async with a_web_process(portal()) as port:
        visitor = Visitor(f"http://{HOST}:{port}", browser, slugs, await people())
        yield visitor
        await visitor.close()
    valkey.kill()
