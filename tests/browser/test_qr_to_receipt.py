"""From the sign at a car park to a paid receipt, on a phone: in the sandbox, and with a test key at a server that
speaks as Stripe does, with scripts and without. Every tap and letter is counted, and the books are held against it.

How long that takes a person is reckoned by the keystroke-level model (Card, Moran and Newell 1980), with a tap for its
pointing (1.1 s), a thought before each tap (1.35 s), and 0.33 s a letter, as people type on phones (Palin and others,
"How do people type on mobile devices?", MobileHCI 2019: 36 words a minute). The machine's own time is measured, printed
with `-s`, and kept in tests/bench/RESULTS.md; nothing here depends on it.
"""

import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
import stripe_shaped
from drivers import PLATE, save_paid_lot, save_stay
from playwright.async_api import Locator, Page, expect
from processes import completed, wait_for
from pydantic import SecretStr
from stripe_shaped import KEY, StripeShaped
from workers import worker

from parkhub.clients import Clients
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.lots import Lot
from parkhub.services.ledger import chain, verify
from parkhub.settings import Settings

SECRET = "whsec_of_the_browser"
THINK_S, TAP_S, LETTER_S = 1.35, 1.1, 0.33

pytestmark = pytest.mark.browser


@dataclass
class Thumb:
    """What a person does on the phone, counted."""

    page: Page
    taps: int = 0
    letters: int = 0
    waited_s: float = 0.0

    @property
    def acted_s(self) -> float:
        """How long it takes by the model, without what the machine takes."""
        return self.taps * (THINK_S + TAP_S) + self.letters * LETTER_S

    async def scan(self, address: str) -> None:
        """Open what a code says."""
        await self._timed(self.page.goto(address))

    async def tap(self, what: Locator, then: Locator) -> None:
        """Tap, and wait until something is there."""
        self.taps += 1
        began = time.perf_counter()
        await what.click()
        await expect(then).to_be_visible()
        self.waited_s += time.perf_counter() - began

    async def write(self, where: Locator, text: str, keys: str) -> None:
        """Type ``keys`` into what has the focus, or is tapped first; it then says ``text``."""
        if await where.get_attribute("autofocus") is not None:
            await expect(where).to_be_focused()  # the browser gives it a moment after it draws it
        if not await where.evaluate("it => it === document.activeElement"):
            self.taps += 1
            await where.click()
        self.letters += len(keys)
        await where.fill(text)

    async def wait_for(self, what: Locator) -> None:
        """Look at the page until something is there."""
        await self._timed(expect(what).to_be_visible())

    async def _timed(self, happens: Any) -> None:
        began = time.perf_counter()
        await happens
        self.waited_s += time.perf_counter() - began


@pytest.fixture(params=["sandbox", "stripe"])
async def stripe(request: pytest.FixtureRequest) -> AsyncIterator[StripeShaped | None]:
    """The server that speaks as Stripe does; None for the sandbox."""
    if request.param == "sandbox":
        yield None
        return
    async with stripe_shaped.running(secret=SECRET) as server:
        yield server


@pytest.fixture
def web_settings(sqlite_settings: Settings, redis_url: str, stripe: StripeShaped | None) -> Settings:
    """Settings with a test key, or without."""
    given: dict[str, object] = {"redis_url": redis_url}
    if stripe is not None:
        given |= {"stripe_api_base": stripe.address, "stripe_secret_key": SecretStr(KEY)}
        given["stripe_webhook_secret"] = SecretStr(SECRET)
    return sqlite_settings.model_copy(update=given)


@pytest.fixture
def work(web_settings: Settings, tmp_path: Path) -> Iterator[None]:
    """A worker, which handles what the provider tells."""
    with worker("work", web_settings, tmp_path) as program:
        wait_for(lambda: "worker.started" in program.stderr, "the worker")
        yield


async def sign_address(browse: Any, settings: Settings, lot: Lot, address: str, folder: Path) -> str:
    """What the code on the lot's sign says to a camera."""
    command = [sys.executable, "-m", "parkhub.cli.main", "lot", "qr", lot.slug, "--url", address]
    done = completed([*command, "--data-dir", str(settings.data_dir), "--out", str(folder)])
    assert done.returncode == 0, done.stderr
    page = await (await browse(viewport={"width": 800, "height": 1130})).new_page()
    await page.goto((folder / f"sign-{lot.slug}.svg").as_uri())
    seen = cv2.imdecode(np.frombuffer(await page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    told, *_ = cv2.QRCodeDetectorAruco().detectAndDecode(seen)
    return told


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.usefixtures("work")
async def test_five_taps_and_eleven_letters_lead_from_the_sign_to_a_paid_receipt(
    browse: Any,
    web: Any,
    clients: Clients,
    web_settings: Settings,
    stripe: StripeShaped | None,
    scripts: bool,
    tmp_path: Path,
) -> None:
    if stripe is not None:
        stripe.webhook = f"{web.address}/webhooks/stripe"
    lot = await save_paid_lot(slug="harbour", name="Harbour Street", time_zone="Europe/Berlin")
    stay = await save_stay(lot)
    address = await sign_address(browse, web_settings, lot, web.address, tmp_path)
    assert address == f"{web.address}/lots/harbour"

    page = await (await browse(java_script_enabled=scripts, viewport={"width": 390, "height": 844})).new_page()
    thumb = Thumb(page)
    await thumb.scan(address)
    plate = page.get_by_label("Number plate")
    await thumb.tap(page.get_by_role("link", name="Pay or check my parking"), plate)
    await thumb.write(plate, "pkh 4827", "pkh4827")
    came = stay.entered_at.astimezone(ZoneInfo("Europe/Berlin"))
    await thumb.write(page.get_by_label("About when did you come in?"), f"{came:%H:%M}", f"{came:%H%M}")
    pay = page.get_by_role("button", name="Pay €6.00")
    await thumb.tap(page.get_by_role("button", name="Show my parking"), pay)
    await expect(page.get_by_text(PLATE)).to_be_visible()
    assert PLATE not in page.url + await page.title()
    if stripe is None:
        await thumb.tap(pay, page.get_by_text("4242 4242 4242 4242"))
        await expect(page.get_by_role("complementary", name="Test mode")).to_be_visible()
        last = page.get_by_role("button", name="Pay €6.00")
    else:
        last = page.get_by_role("button", name="Pay", exact=True)
        await thumb.tap(pay, last)
        await expect(page).to_have_url(re.compile(f"^{re.escape(stripe.address)}/c/pay/cs_test_"))
    receipt = page.get_by_role("heading", name="Receipt")
    thumb.taps += 1
    await last.click()
    await thumb.wait_for(receipt)
    await expect(page.get_by_role("heading", name=re.compile("^Leave before"))).to_be_visible()
    await expect(page.get_by_text(f"No. {lot.id}-000001")).to_be_visible()
    assert (thumb.taps, thumb.letters) == (5, 11)
    assert thumb.acted_s < 30
    print(f"taps={thumb.taps} letters={thumb.letters} person={thumb.acted_s:.1f}s machine={thumb.waited_s:.2f}s")

    link = page.get_by_role("link", name="Receipt as PDF")
    assert await link.get_attribute("href") != f"/receipts/{page.url.rpartition('/')[2]}/pdf"
    async with page.expect_download() as download:
        await link.click()
    assert (await download.value).suggested_filename == f"receipt-{lot.id}-000001.pdf"
    booked = [
        (each.transaction.kind, {posting.account: posting.amount_cents for posting in each.transaction.postings})
        async for each in chain(lot.id)
    ]
    assert booked == [
        (Kind.CHARGE, {Account.RECEIVABLE: 600, Account.REVENUE: -504, Account.TAX_PAYABLE: -96}),
        (Kind.PAYMENT, {Account.CLEARING: 600, Account.RECEIVABLE: -600}),
    ]
    assert await verify(lot.id) == []
