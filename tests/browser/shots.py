"""`make shots`: every page in every state, on phones and a desk, by day and by night, to be looked at.

Writes PNGs to tests/browser/shots. LANGUAGES=de,fr takes them in other languages, PAGES=lot,stay only some.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

import rare
from houses import ARGUMENTS, CHROMIUM
from shown_pages import ShownHouse, shown_house, sign_in

OUT = Path(__file__).parent / "shots"
SIZES = ((320, 640), (390, 844), (1440, 900))
ONLY = [name for name in os.environ.get("PAGES", "").split(",") if name]


async def _ask_in_vain(page: Page) -> None:
    await page.goto("/pay/harbour")
    await page.locator("[name=plate]").fill("ABC999")
    await page.locator("[name=arrived]").fill("03:00")
    await page.locator(".action button").click()


async def shoot(browser: Browser, house: ShownHouse, language: str) -> None:
    """All pages in all sizes and colours."""
    for width, height in SIZES:
        for scheme in ("light", "dark"):
            context = await browser.new_context(
                base_url=house.address,
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale=language,
                reduced_motion="reduce",
            )
            page = await context.new_page()

            async def keep(name: str, to: Page = page, end: str = f"{width}-{scheme}-{language}") -> None:
                await to.wait_for_timeout(400)  # until the stream has told
                await to.screenshot(path=OUT / f"{name}-{end}.png")

            for pages in (house.public, house.staff):
                if pages is house.staff:
                    await sign_in(page)
                for name, path in pages.items():
                    if not ONLY or name in ONLY:
                        await page.goto(path)
                        await keep(name)
            if house.is_furnished and (not ONLY or "find-nothing" in ONLY):
                await _ask_in_vain(page)
                await keep("find-nothing")
            if not ONLY and house.is_furnished:
                await rare.answers(page, keep)
            await context.close()


async def _shoot_others(browser: Browser, house: ShownHouse) -> None:
    """What people of fewer rights see, by day on a phone and a desk."""
    for email, (name, paths) in rare.EYES.items():
        for width, height in SIZES[1:]:
            page = await browser.new_page(base_url=house.address, viewport={"width": width, "height": height})
            await sign_in(page, email)
            for path in paths:
                await page.goto(path)
                await page.wait_for_timeout(400)
                await page.screenshot(
                    path=OUT / f"{name}-{path.rpartition('/')[2].replace('?', '-')}-{width}-light-en.png"
                )
            await page.close()


async def _shoot_all(house: ShownHouse) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for language in os.environ.get("LANGUAGES", "en").split(","):
            await shoot(browser, house, language)
        if not ONLY and house.is_furnished:
            await _shoot_others(browser, house)
        await browser.close()


def main() -> None:
    """Start ParkHub's web process on made-up data, and look at it."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for bare in (False, True):
        if not bare or not ONLY or any(name.startswith("bare-") for name in ONLY):
            with shown_house(bare=bare) as house:
                asyncio.run(_shoot_all(house))
    print(f"{len(list(OUT.iterdir()))} pictures in {OUT}")


if __name__ == "__main__":
    main()
