"""The same way to a receipt with a test key of Stripe's, at a server that speaks as Stripe does."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe_shaped
from drivers import save_paid_lot, save_stay
from playwright.async_api import expect
from pydantic import SecretStr
from stripe_shaped import KEY, StripeShaped

from parkhub.clients import Clients
from parkhub.db import ledger as ledger_rows
from parkhub.db import stripe_events
from parkhub.domain.ledger import Account
from parkhub.domain.stay_tokens import make_token
from parkhub.secret_key import secret_key
from parkhub.services import payment_events
from parkhub.services.ledger import verify
from parkhub.settings import Settings

SECRET = "whsec_of_the_browser"

pytestmark = pytest.mark.browser


@pytest.fixture
async def stripe() -> AsyncIterator[StripeShaped]:
    async with stripe_shaped.running(secret=SECRET) as server:
        yield server


@pytest.fixture
def web_settings(sqlite_settings: Settings, redis_url: str, stripe: StripeShaped) -> Settings:
    """Settings with a test key."""
    return sqlite_settings.model_copy(
        update={
            "redis_url": redis_url,
            "stripe_api_base": stripe.address,
            "stripe_secret_key": SecretStr(KEY),
            "stripe_webhook_secret": SecretStr(SECRET),
        }
    )


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_driver_pays_at_stripe_and_has_a_receipt(
    browse: Any, web: Any, clients: Clients, web_settings: Settings, stripe: StripeShaped, scripts: bool
) -> None:
    stripe.webhook = f"{web.address}/webhooks/stripe"
    lot = await save_paid_lot(slug="harbour", name="Harbour Street", time_zone="Europe/Berlin")
    stay = await save_stay(lot)
    page = await (await browse(java_script_enabled=scripts, viewport={"width": 390, "height": 844})).new_page()
    await page.goto(f"/pay/stays/{make_token(secret_key(web_settings), stay.id, datetime.now(UTC))}")
    await page.get_by_role("button", name="Pay €6.00").click()
    link = page.get_by_role("link", name="Go on to pay")
    if await link.is_visible():
        await link.click()
    await expect(page).to_have_url(re.compile(f"^{re.escape(stripe.address)}/c/pay/cs_test_"))
    await page.get_by_role("button", name="Pay").click()
    await expect(page).to_have_title("Waiting for the payment")
    for event_id in await stripe_events.list_due(datetime.now(UTC) + timedelta(hours=1), 9):
        await payment_events.handle(clients, web_settings, event_id, datetime.now(UTC))
    await expect(page.get_by_role("heading", name=re.compile("^Leave before"))).to_be_visible()
    await expect(page.get_by_text("Paid €6.00")).to_be_visible()
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.CLEARING] == 600
    assert await verify(lot.id) == []
