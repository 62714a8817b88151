"""`make shots`: every page of drivers in every state, on a phone and a desk, by day and by night, to be looked at.

Writes PNGs to tests/browser/shots. LANGUAGES=de,fr takes them in other languages.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

import servers
from builders import a_new_spot, a_track, new_spots, save_camera, save_frame, save_lot
from drivers import save_paid_lot, save_stay
from houses import ARGUMENTS, CHROMIUM
from processes import free_port

from parkhub.clients import close_clients, open_clients
from parkhub.db import cameras, discount_codes, spots
from parkhub.db.engine import close_database, fetch, migrate, open_database
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.spots import SpotKind, SpotState
from parkhub.domain.stay_tokens import make_token
from parkhub.secret_key import secret_key
from parkhub.services import billing, checkouts, payments
from parkhub.settings import Settings, load_settings

OUT = Path(__file__).parent / "shots"
SIZES = ((390, 844), (1440, 900))
TARIFF = """
currency: EUR
exit_grace_minutes: 15
lost_ticket: "20.00"
free_minutes: {minutes: 20, per: stay}
cap: {price: "16.00", per: 24h}
tax: {percent: "20"}
bands:
  - {name: Day, from: "07:00", to: "22:00", rate: {type: per_started, minutes: 60, price: "1.80"}}
  - {name: Night, rate: {type: flat, price: "3.00"}}
"""


async def furnish(settings: Settings) -> dict[str, str]:
    """A lot with stays in every state; addresses by name."""
    await migrate(settings)
    await open_database(settings)
    now = datetime.now(UTC)
    lot = await save_paid_lot(TARIFF, slug="harbour", name="Harbour Street Car Park", address="Harbour Street 12")
    await save_lot(slug="meadow", name="Meadow")
    await _look(lot, now)
    await discount_codes.add_code(lot.id, Discount("HOTEL", percent=Fraction(50)), CodeLimits())
    pages = {"lots": "/", "lot": "/lots/harbour", "lot-empty": "/lots/meadow", "find": "/pay/harbour"}
    pages["lost"] = "/pay/stays/none"

    def page_of(session: ParkingSession, at: datetime = now) -> str:
        return f"/pay/stays/{make_token(secret_key(settings), session.id, at)}"

    pages["stay"] = page_of(first := await save_stay(lot, "PKH4827", 148))
    pages["stay-ended"] = page_of(first, now - timedelta(days=2))
    pages["stay-ticket"] = page_of(await save_stay(lot, "", 95))
    pages["stay-permit"] = page_of(await save_stay(lot, "PKH4921", 400, right="allowed"))
    pages["stay-free"] = page_of(await save_stay(lot, "NEW1234", 5))
    for name, minutes, paid_before in (("paid", 70, 0), ("late", 240, 120)):
        session = await save_stay(lot, f"{name.upper()}123", minutes)
        at = now - timedelta(minutes=paid_before)
        due = (await billing.get_bill(session.id, at)).due_cents
        await payments.pay(session.id, due, Account.CASH, name, at)
        pages[f"stay-{name}"] = page_of(session)
    pages |= await _checkouts(settings, lot, now)
    await close_database()
    return pages


async def _look(lot: Lot, now: datetime) -> None:
    marked = [*new_spots(18), a_new_spot("A19", kind=SpotKind.EV), a_new_spot("A20", kind=SpotKind.DISABLED)]
    camera = await save_camera(lot, marked, stale_after_s=86_400)
    states = [SpotState.OCCUPIED, SpotState.FREE, SpotState.FREE, SpotState.UNKNOWN]
    await spots.save_tracks(
        camera.id, [a_track(spot.name, states[at % 4], seen_at=now, since=now) for at, spot in enumerate(marked)]
    )
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await cameras.set_last_look(camera.id, frame.id, now)


async def _checkouts(settings: Settings, lot: Lot, now: datetime) -> dict[str, str]:
    clients, pages = await open_clients(settings), {}
    for state in PaymentState:
        session = await save_stay(lot, f"CO{state.upper()[:5]}", 148)
        checkout = await checkouts.start_checkout(clients, settings, session.id, "kim@example.org", now)
        pages[f"checkout-{state}"] = f"/pay/checkouts/{checkout.id}"
        if state is PaymentState.OPEN:
            pages["checkout-cancelled"] = f"/pay/checkouts/{checkout.id}?cancelled=1"
            pages["sandbox"] = checkout.url
        if state is PaymentState.PAID:
            pages["receipt"] = f"/receipts/{checkout.id}"
            await payments.pay(session.id, checkout.amount_cents, Account.CLEARING, "told", now)
        paid = state is PaymentState.PAID
        await fetch(
            "UPDATE payment SET state = {}, paid_at = {}, paid_cents = {} "
            "WHERE quote = (SELECT id FROM quote WHERE public_id = {})",
            state.value,
            now if paid else None,
            checkout.amount_cents if paid else 0,
            checkout.id,
        )
    await close_clients(clients)
    return pages


async def _ask_in_vain(page: Page) -> None:
    await page.locator("#plate").fill("ABC999")
    await page.locator("#arrived").fill("03:00")
    await page.locator(".action button").click()


async def shoot(browser: Browser, address: str, pages: dict[str, str], language: str) -> None:
    """All pages in all sizes and colours."""
    for width, height in SIZES:
        for scheme in ("light", "dark"):
            context = await browser.new_context(
                base_url=address,
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale=language,
                reduced_motion="reduce",
            )
            page = await context.new_page()

            async def keep(name: str, to: Page = page, end: str = f"{width}-{scheme}-{language}") -> None:
                await to.wait_for_timeout(400)  # until the stream has told
                await to.screenshot(path=OUT / f"{name}-{end}.png")

            for name, path in pages.items():
                await page.goto(path)
                await keep(name)
            await page.goto("/pay/harbour")
            await _ask_in_vain(page)
            await keep("find-nothing")
            await context.close()


async def main() -> None:
    """Start ParkHub's web process on made-up data, and look at it."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, servers.redis() as socket:
        settings = load_settings(data_dir=Path(folder), redis_url=f"unix://{socket}", port=port)
        pages = await furnish(settings)
        given = {"PARKHUB_DATA_DIR": folder, "PARKHUB_REDIS_URL": settings.redis_url, "PARKHUB_PORT": str(port)}
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "--factory",
            "parkhub.app:create_app",
            "--port",
            str(port),
            "--no-access-log",
        ]
        web = subprocess.Popen(command, env={**os.environ, **given}, stderr=subprocess.DEVNULL)
        try:
            await _until_it_answers(settings.address)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                for language in os.environ.get("LANGUAGES", "en").split(","):
                    await shoot(browser, settings.address, pages, language)
                await browser.close()
        finally:
            web.terminate()
            web.wait(10)
    print(f"{len(list(OUT.iterdir()))} pictures in {OUT}")


async def _until_it_answers(address: str) -> None:
    for _ in range(200):
        try:
            await asyncio.to_thread(urllib.request.urlopen, f"{address}/health/live")
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise SystemExit("The web process does not answer.")


if __name__ == "__main__":
    asyncio.run(main())
