"""What drivers are written about charges of their saved cards: only what asks something of them."""

from datetime import datetime
from typing import Final

from parkhub.db import drivers as driver_rows
from parkhub.db import lots as lot_rows
from parkhub.db import saved_cards as card_rows
from parkhub.db import sessions as session_rows
from parkhub.db.card_charges import Charge
from parkhub.domain.saved_cards import ChargeEnd
from parkhub.services import mail
from parkhub.settings import Settings

LETTERS: Final = {
    ChargeEnd.DECLINED: "card_declined",
    ChargeEnd.NEEDS_CONFIRMATION: "card_confirm",
    ChargeEnd.OVER_CAP: "card_over_cap",
}


async def write(settings: Settings, charge: Charge, now: datetime) -> None:
    """The letter about a charge that asks something of its driver. Inside the transaction that ends it."""
    letter = LETTERS.get(charge.outcome)
    if letter is None or charge.driver_id is None:
        return
    driver = await driver_rows.get_driver(charge.driver_id)
    card = await card_rows.find_card(driver.id)
    session = await session_rows.get_session(charge.session_id)
    lot = await lot_rows.get_lot(session.lot_id)
    values = {
        "amount_cents": charge.amount_cents,
        "currency": charge.currency,
        "lot": lot.name,
        "zone": lot.time_zone,
        "left_at": (session.exited_at or now).isoformat(),
        "last4": card.last4 if card is not None and card.method == charge.method else "••••",
        "expired": charge.code == "expired_card",
        "link": f"{settings.address}/pay/charges/{charge.public_id}",
        "card_link": f"{settings.address}/account/card",
    }
    await mail.write(f"card:{charge.public_id}", driver.email, driver.language, letter, values, now)
