"""What drivers change of their account, take with them, and have deleted."""

from datetime import datetime
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_holds as booking_rows
from parkhub.db import bookings
from parkhub.db import driver_vehicles as vehicle_rows
from parkhub.db import drivers as rows
from parkhub.db import mail as letter_rows
from parkhub.db.drivers import Link
from parkhub.db.engine import transaction
from parkhub.domain.drivers import PASSWORD_LENGTHS, Driver, SignedIn
from parkhub.domain.mail import read_address
from parkhub.errors import FieldsError, SignInRequiredError
from parkhub.languages import marked
from parkhub.services import driver_vehicles, mail, saved_cards
from parkhub.services.accounts import hash_password, password_fits
from parkhub.services.driver_sign_in import NO_ADDRESS, send_link
from parkhub.settings import Settings

TRIES: Final = 5
TRY_WINDOW_S: Final = 15 * 60
WRONG_PASSWORD: Final = marked("This is not your password.")
SIGN_IN_AGAIN: Final = marked("For this, sign in again first: it has been a while.")
PASSWORD_SHORT: Final = marked("Use at least ten letters; a few words in a row are easy to keep in mind.")
PASSWORD_SAME: Final = marked("Use something else than your e-mail address.")
STAYS_MAX: Final = 10_000

log = structlog.get_logger(__name__)


async def set_password(clients: Clients, who: SignedIn, current: str, new: str, now: datetime) -> None:
    """Give an account a password; every other browser is signed out.

    Raises FieldsError, SignInRequiredError where there is no password and signing in was long ago, TooOftenError.
    """
    await check(clients, who, current, now)
    if len(new) not in PASSWORD_LENGTHS:
        raise FieldsError({"new": PASSWORD_SHORT})
    if new.strip().lower() == who.driver.email:
        raise FieldsError({"new": PASSWORD_SAME})
    hashed = await hash_password(new)
    async with transaction():
        await rows.set_password_hash(who.driver.id, hashed)
        await rows.delete_sign_ins_of(who.driver.id, but=who.token_hash)
        uid = f"driver-password:{who.driver.id}:{now.isoformat()}"
        await mail.write(uid, who.driver.email, who.driver.language, "password_changed", {}, now)
    await mail.ask(clients)
    log.info("driver.password_set", driver=who.driver.id)


async def ask_for_email(
    clients: Clients, settings: Settings, who: SignedIn, email: str, password: str, now: datetime
) -> None:
    """Send a link to another address, by which it becomes the account's. Alike for one that has an account.

    Raises what `set_password` does.
    """
    await check(clients, who, password, now)
    to = read_address(email)
    if to is None:
        raise FieldsError({"email": NO_ADDRESS})
    await clients.limiter.hit(f"driver-email:{who.driver.id}", TRIES, TRY_WINDOW_S)
    await send_link(clients, settings, Link(to, who.driver.id, who.driver.language, "/account"), "change_email", now)


async def delete(clients: Clients, who: SignedIn, password: str, now: datetime) -> None:
    """Delete an account with all that is in it, and its address wherever receipts were sent to it.

    Stays, payments and the ledger remain, which name nobody; their plates go by their lot's rules. Raises what
    `set_password` does.
    """
    await check(clients, who, password, now)
    driver = who.driver
    async with transaction():
        await rows.delete_links_of(driver.id, driver.email)
        await saved_cards.forget(driver.id, now)
        await booking_rows.forget_driver(driver.id)
        plates = [each.plate for each in await vehicle_rows.list_vehicles(driver.id)]
        await rows.delete_driver(driver.id)
        for plate in plates:
            await driver_vehicles.settle(plate, now)
        await rows.erase_email(driver.email)
        await letter_rows.give_up_to(driver.email, now)
    await saved_cards.say_farewells(clients, now)
    log.info("driver.deleted", driver=driver.id)


async def export(driver: Driver, now: datetime) -> dict[str, Any]:
    """All that an account holds, as JSON values."""
    stays = await vehicle_rows.list_stays(driver.id, None, STAYS_MAX)
    return {
        "as_of": now,
        "account": {
            "email": driver.email,
            "language": driver.language,
            "created_at": driver.created_at,
            "has_password": bool(driver.password_hash),
        },
        "signed_in": [{"since": since, "until": until} for since, until in await rows.list_sign_ins(driver.id)],
        "vehicles": [
            {"plate": each.plate, "proven_by": each.proven_by, "proven_at": each.proven_at, "disputed": each.disputed}
            for each in await vehicle_rows.list_vehicles(driver.id)
        ],
        "claims": [
            {"plate": each.plate, "proven_by": each.proven_by, "at": each.created_at, "decision": each.decision}
            for each in await vehicle_rows.list_claims_of(driver.id)
        ],
        "stays": [
            {
                "ticket": stay.ticket,
                "lot": stay.lot_name,
                "plate": stay.plate,
                "entered_at": stay.entered_at,
                "exited_at": stay.exited_at,
                "receipts": [
                    {
                        "id": line.receipt_id,
                        "paid_at": line.paid_at,
                        "paid_cents": line.paid_cents,
                        "refunded_cents": line.refunded_cents,
                        "currency": line.currency,
                    }
                    for line in stay.receipts
                ],
            }
            for stay in stays
        ],
        "bookings": [
            {
                "booking": each.code,
                "plate": each.plate,
                "from": each.span.start,
                "until": each.span.end,
                "state": each.state.value,
                "price_cents": each.price_cents,
                "fee_cents": each.fee_cents,
                "currency": each.currency,
            }
            for each in await bookings.list_of_driver(driver.id, STAYS_MAX)
        ],
        "saved_card": await saved_cards.export(driver.id),
    }


async def check(clients: Clients, who: SignedIn, password: str, now: datetime) -> None:
    """Make sure that it is the driver who asks: by the password, or by having signed in just now."""
    if not who.driver.password_hash:
        if not who.is_fresh(now):
            raise SignInRequiredError(SIGN_IN_AGAIN)
        return
    key = f"driver-check:{who.driver.id}"
    await clients.limiter.hit(key, TRIES, TRY_WINDOW_S)
    if not await password_fits(who.driver.password_hash, password):
        raise FieldsError({"password": WRONG_PASSWORD})
    await clients.limiter.clear(key)
