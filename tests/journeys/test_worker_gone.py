"""The last worker goes while a page is open: the page says so, and takes it back when one is there again."""

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Page

from tests.journeys.axe import COLOURS, TAGS, violations
from tests.journeys.visiting import Visit, Visitor, put_worker

SIGN_SECONDS = 10
"""The hub looks every 2 s and tells at once; the rest is for a busy machine."""

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/clusters/{crash-loop}/", "/clusters/{crash-loop}/pods/"])
async def test_an_open_page_says_that_nothing_is_read_and_takes_it_back(visitor: Visitor, path: str) -> None:
    page = await visitor.open(Visit("open", path.format(**visitor.slugs)))
    await page.evaluate("window.wasHereBefore = true")
    before = await _stale(page)

    await sync_to_async(put_worker)("gone")
    await _sign(page, "unread")
    said = await page.inner_text("[data-part=unread]")
    aloud = await page.text_content("[data-part=say-live]")
    gone = await _stale(page)
    wrong = await violations(page, "dark", TAGS) + await violations(page, "light", COLOURS)

    await sync_to_async(put_worker)("at work")
    await _sign(page, "live")

    assert await page.inner_text("[data-part=live-text]") == "Live"
    assert not await page.is_visible("[data-part=unread]")
    assert said.startswith("Nothing is being read. The last worker was seen at ")
    assert aloud == said
    assert (before, gone, await _stale(page)) == (False, True, False)
    assert await page.evaluate("window.wasHereBefore"), "nothing was loaded anew"
    assert not wrong, "\n".join(wrong)
    assert not visitor.faults


async def test_the_banner_of_an_open_page_reads_like_that_of_a_loaded_one(visitor: Visitor) -> None:
    page = await visitor.open(Visit("fleet", "/"))
    await sync_to_async(put_worker)("gone")
    await _sign(page, "unread")
    told = await page.inner_text("[data-part=unread]")
    answer = await page.request.get(page.url)
    loaded = await page.evaluate(
        """(html) => new DOMParser().parseFromString(html, "text/html")
          .querySelector("[data-part=unread]").textContent.trim()""",
        await answer.text(),
    )

    assert told == loaded


async def _sign(page: Page, state: str) -> None:
    await page.wait_for_selector(f"[data-part=live][data-state={state}]", timeout=SIGN_SECONDS * 1_000)


async def _stale(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.hasAttribute('data-stale')"))
