"""Pages fit every width from a small phone to a wall, and say nothing on the console."""

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Page

from tests.journeys.visiting import Visitor, visits

WIDTHS = (320, 360, 768, 1180, 1440, 1920)
WIDER_THAN_THE_PAGE = """() => {
  const root = document.scrollingElement, width = root.clientWidth
  if (root.scrollWidth <= width) return ""
  const shown = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility())
  const outside = shown.filter((one) => !one.closest(".table-wrap"))
  const wide = outside.filter((one) => one.getBoundingClientRect().right > width + 1)
  return `${root.scrollWidth} wide: ` + wide.slice(0, 4).map((one) => one.outerHTML.slice(0, 90)).join(" … ")
}"""

pytestmark = pytest.mark.browser


async def test_no_page_scrolls_sideways_or_complains_on_the_console(visitor: Visitor) -> None:
    wrong = []
    for visit in await sync_to_async(visits)(visitor.slugs):
        page = await visitor.open(visit)
        for width in WIDTHS:
            found = await _too_wide(page, width)
            wrong += [f"{visit.name} at {width}: {found}"] if found else []
        wrong += visitor.faults
        await page.close()

    assert not wrong, "\n".join(wrong)


async def _too_wide(page: Page, width: int) -> str:
    await page.set_viewport_size({"width": width, "height": 900})
    return str(await page.evaluate(WIDER_THAN_THE_PAGE))
