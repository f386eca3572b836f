"""Axe finds nothing to complain of on any page, in any of its states, dark or light, wide or on a phone."""

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Browser

from tests.journeys.axe import COLOURS, TAGS, violations
from tests.journeys.visiting import Visitor, visits

# What else a narrow page may do worse than a wide one: all other rules read markup, which is the same.
NARROW = (
    *COLOURS, "target-size", "scrollable-region-focusable", "aria-hidden-focus", "heading-order", "link-name",
    "page-has-heading-one", "skip-link",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.browser


async def test_axe_finds_nothing_on_any_page_in_dark_and_light(visitor: Visitor) -> None:
    wrong = []
    for visit in await sync_to_async(visits)(visitor.slugs):
        page = await visitor.open(visit)
        wrong += [f"{visit.name}, dark: {found}" for found in await violations(page, "dark", TAGS)]
        # Nothing but colours differs between the themes.
        wrong += [f"{visit.name}, light: {found}" for found in await violations(page, "light", COLOURS)]
        await page.set_viewport_size(PHONE)
        wrong += [f"{visit.name}, phone: {found}" for found in await violations(page, "dark", NARROW)]
        await page.close()

    assert not wrong, "\n".join(wrong)


async def test_axe_tells_a_page_with_a_fault_from_one_without(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content("<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src=''></main>")

    found = await violations(page, "dark", TAGS)
    await page.close()

    assert [one for one in found if "image-alt" in one]
