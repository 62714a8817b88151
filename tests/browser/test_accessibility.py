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
DESK = {"width": 1440, "height": 900}


async def wrong_on(page: Page, path: str, only: list[str] | None) -> list[str]:
    """What axe finds at an address, by all its rules or some, and whether the page is wider than its window."""
    await page.goto(path)
    await page.evaluate(AXE)
    found: list[str] = await page.evaluate(RUN, only)
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [f"{path}: {each}" for each in [*found, *(["it is wider than the window"] if wide else [])]]


async def test_no_page_keeps_anybody_out(browse: Any, web_settings: Settings) -> None:
    public, staff = await furnish(web_settings)
    wrong: list[str] = []
    for scheme, size, only in (("light", PHONE, None), ("dark", DESK, ["color-contrast"])):
        context = await browse(color_scheme=scheme, viewport=size, reduced_motion="reduce")
        page = await context.new_page()
        for path in public.values():
            wrong += await wrong_on(page, path, only)
        await sign_in(page)
        for path in staff.values():
            wrong += await wrong_on(page, path, only)
    assert wrong == []
