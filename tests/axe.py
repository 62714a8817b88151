"""axe-core in the browser: no violation by day, enough contrast by night, and nothing wider than a small phone.

axe-core comes with axe-playwright-python (MIT; axe-core itself is MPL-2.0) and is only ever loaded into the test's
browser.
"""

from collections.abc import Iterable
from importlib.resources import files

from playwright.async_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RUN = """async (only) => (await axe.run(document, {resultTypes: ["violations"], ...(only && {runOnly: only})}))
  .violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id} at ${node.target.join(" ")}: ${rule.help}`))"""
PHONE = {"width": 320, "height": 640}


async def wrong_on(page: Page, paths: Iterable[str]) -> list[str]:
    """What axe finds at addresses, by day by all its rules and then by night by contrast, and which are too wide."""
    return [f"{path}: {each}" for path in paths for each in await _wrong_at(page, path)]


async def _wrong_at(page: Page, path: str) -> list[str]:
    await page.emulate_media(color_scheme="light")
    await page.goto(path)
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(RUN, None)
    await page.emulate_media(color_scheme="dark")
    found += [f"{each}, by night" for each in await page.evaluate(RUN, ["color-contrast"])]
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*found, *(["it is wider than the window"] if wide else [])]
