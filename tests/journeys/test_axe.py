"""Axe finds nothing to complain of on any page, in any of its states, dark or light, wide or on a phone."""

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from playwright.async_api import Browser, Page

from tests.journeys.visiting import Visitor, visits

AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
# What else a narrow page may do worse than a wide one: all other rules read markup, which is the same.
NARROW = (
    *COLOURS, "target-size", "scrollable-region-focusable", "aria-hidden-focus", "heading-order", "link-name",
    "page-has-heading-one", "skip-link",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}
RUN = """async (only) => {
  const { violations } = await axe.run({ runOnly: only, resultTypes: ["violations"] })
  return violations.map((found) => [found.id, found.help, found.nodes.slice(0, 3).map((node) =>
    `${node.target}: ${node.failureSummary.replaceAll("\\n", " ")}`)])
}"""

pytestmark = pytest.mark.browser


async def test_axe_finds_nothing_on_any_page_in_dark_and_light(visitor: Visitor) -> None:
    wrong, source = [], AXE.read_text()
    for visit in await sync_to_async(visits)(visitor.slugs):
        page = await visitor.open(visit)
        await page.evaluate(source)
        wrong += [f"{visit.name}, dark: {found}" for found in await _violations(page, "dark", TAGS)]
        # Nothing but colours differs between the themes.
        wrong += [f"{visit.name}, light: {found}" for found in await _violations(page, "light", COLOURS)]
        await page.set_viewport_size(PHONE)
        wrong += [f"{visit.name}, phone: {found}" for found in await _violations(page, "dark", NARROW)]
        await page.close()

    assert not wrong, "\n".join(wrong)


async def test_axe_tells_a_page_with_a_fault_from_one_without(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content("<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src=''></main>")
    await page.evaluate(AXE.read_text())

    found = await _violations(page, "dark", TAGS)
    await page.close()

    assert [one for one in found if "image-alt" in one]


async def _violations(page: Page, theme: str, only: tuple[str, ...]) -> list[str]:
    await page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
    return [" | ".join([name, text, *nodes]) for name, text, nodes in await page.evaluate(RUN, list(only))]
