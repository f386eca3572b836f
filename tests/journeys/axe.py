"""What axe has to complain of on a page, in a theme."""

from django.conf import settings
from playwright.async_api import Page

AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
RUN = """async (only) => {
  const { violations } = await axe.run({ runOnly: only, resultTypes: ["violations"] })
  return violations.map((found) => [found.id, found.help, found.nodes.slice(0, 3).map((node) =>
    `${node.target}: ${node.failureSummary.replaceAll("\\n", " ")}`)])
}"""


async def violations(page: Page, theme: str, only: tuple[str, ...]) -> list[str]:
    """Everything against these rules."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    await page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
    return [" | ".join([name, text, *nodes]) for name, text, nodes in await page.evaluate(RUN, list(only))]
