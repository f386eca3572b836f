"""What people do without a mouse, on a phone and on paper."""

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Page

from clusters.models import Cluster
from tests import builders
from tests.journeys.visiting import Visit, Visitor

FOCUSED = "document.activeElement.getAttribute('href')"
CUT_SHORT = """() => [...document.querySelectorAll(".crumbs > *")].filter((one) => one.checkVisibility())
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
  .map((one) => one.textContent)"""
SHOWN_CRUMBS = """() => [...document.querySelectorAll(".crumbs > *")].filter((one) => one.checkVisibility())
  .map((one) => one.textContent)"""
MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
  const style = getComputedStyle(one)
  return style.animationName !== "none" || style.transitionDuration.split(", ").some((span) => span !== "0s")
}).length"""

pytestmark = pytest.mark.browser


async def test_people_get_about_without_a_mouse_on_a_phone_and_on_paper(visitor: Visitor) -> None:
    slug = visitor.slugs["crash-loop"]
    page = await visitor.open(Visit("pods", f"/clusters/{slug}/pods/?health=degraded,critical"))

    await _opens_and_comes_back(page)
    await _menu_closes_by_escape(page)
    assert await page.evaluate(MOVING) == 0, "nothing moves where people asked for less of it"
    await _phone_shows_one_whole_step_back(page, slug)
    await _paper_is_light_and_has_nothing_to_press(page)

    assert not visitor.faults, visitor.faults


async def _opens_and_comes_back(page: Page) -> None:
    list_address = page.url
    await page.locator("tbody tr:nth-child(2) a").focus()
    opened = await page.evaluate(FOCUSED)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**" + opened)
    await page.wait_for_selector("[data-part=live][data-state=live]")

    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")

    await page.wait_for_url(list_address)
    await page.wait_for_function(f"() => {FOCUSED} === '{opened}'")


async def _menu_closes_by_escape(page: Page) -> None:
    await page.locator(".account summary").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".account[open]")
    await page.keyboard.press("Tab")

    await page.keyboard.press("Escape")

    await page.wait_for_selector(".account:not([open])")
    assert await page.evaluate("document.activeElement.localName") == "summary"


async def _phone_shows_one_whole_step_back(page: Page, slug: str) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})

    assert await page.evaluate(SHOWN_CRUMBS) == [slug]
    assert await page.evaluate(CUT_SHORT) == []


async def _paper_is_light_and_has_nothing_to_press(page: Page) -> None:
    await page.emulate_media(media="print")

    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(16, 21, 29)"
    for part in (".rail", ".filters", ".account", ".icon-button"):
        assert not await page.locator(part).is_visible(), part
    assert await page.locator("tbody tr").first.is_visible()


async def test_a_new_alert_waits_in_a_bar_until_it_is_asked_for(visitor: Visitor) -> None:
    page = await visitor.open(Visit("alerts", "/alerts/", line="none"))
    shown = await page.locator("a.alert").count()
    await sync_to_async(builders.an_alert)(await sync_to_async(Cluster.objects.first)(), severity="critical")

    bar = page.locator("[data-part=news]")
    await bar.wait_for(state="visible", timeout=40_000)
    assert await page.locator("a.alert").count() == shown
    await page.keyboard.press("n")

    assert await page.locator("a.alert").count() == shown + 1
    assert not await bar.is_visible()
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.className") == "alert"
    await page.close()
