"""axe on every page of drivers and of staff, by day and by night: no violation, and nothing wider than a small phone.

axe-core comes with axe-playwright-python (MIT; axe-core itself is MPL-2.0) and is only ever loaded into the test's
browser.
"""

from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Page
from shown_pages import furnish, sign_in

from parkhub.settings import Settings

pytestmark = pytest.mark.browser
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RUN = """async (only) => (await axe.run(document, {resultTypes: ["violations"], ...(only && {runOnly: only})}))
  .violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id} at ${node.target.join(" ")}: ${rule.help}`))"""
PHONE = {"width": 320, "height": 640}


async def wrong_on(page: Page, path: str) -> list[str]:
    """What axe finds at an address, by day by all its rules and then by night by contrast, and if it is too wide."""
    await page.emulate_media(color_scheme="light")
    await page.goto(path)
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(RUN, None)
    await page.emulate_media(color_scheme="dark")
    found += [f"{each}, by night" for each in await page.evaluate(RUN, ["color-contrast"])]
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [f"{path}: {each}" for each in [*found, *(["it is wider than the window"] if wide else [])]]


async def test_no_page_keeps_anybody_out(browse: Any, web_settings: Settings) -> None:
    public, staff = await furnish(web_settings)
    page = await (await browse(viewport=PHONE, reduced_motion="reduce")).new_page()
    wrong = [each for path in public.values() for each in await wrong_on(page, path)]
    await sign_in(page)
    wrong += [each for path in staff.values() for each in await wrong_on(page, path)]
    assert wrong == []
