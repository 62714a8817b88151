"""A stay that has ended is paid by its driver's card, with nobody there: once at most, beside no other payment.

The charge is a quote with a payment like any other, which is on its way from before the provider is asked, so that
nobody pays at the same time; only the provider's event makes it paid. Whoever asks again asks with the same key.
"""

import secrets
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.saved_cards import Charged, ChargeOrder, ChargeOutcome
from parkhub.db import card_charges as rows
from parkhub.db import lots as lot_rows
from parkhub.db import passages as passage_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import reviews as review_rows
from parkhub.db import saved_cards as card_rows
from parkhub.db import sessions as session_rows
from parkhub.db.card_charges import Charge
from parkhub.db.engine import transaction
from parkhub.db.payments import Payment
from parkhub.domain.passages import GatePassage
from parkhub.domain.payment_events import retry_at
from parkhub.domain.payments import CHECKOUT_LIFE, OPENED_WITHIN, PaymentState
from parkhub.domain.saved_cards import (
    ASKED_AGAIN_FOR,
    BY_CARD,
    CHARGED_WITHIN,
    ChargeEnd,
    ChargeState,
    Verdict,
    decide,
)
from parkhub.domain.sessions import ParkingSession
from parkhub.errors import BusyError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.services import billing, card_letters, checkouts, mail, payment_sandbox
from parkhub.settings import Settings

FIRST_ASKED_FOR: Final = timedelta(seconds=30)
"""So long upkeep leaves a charge to whoever began it."""
KEPT: Final = timedelta(days=400)
_WITHOUT: Final = {
    Verdict.OVER_CAP: ChargeEnd.OVER_CAP,
    Verdict.NOTHING_DUE: ChargeEnd.NOTHING_DUE,
    Verdict.NOT_SURE: ChargeEnd.NOT_SURE,
}
_ENDS: Final = {
    ChargeOutcome.DECLINED: ChargeEnd.DECLINED,
    ChargeOutcome.NEEDS_CONFIRMATION: ChargeEnd.NEEDS_CONFIRMATION,
}
_TRIES: Final = 3
_BATCH: Final = 20

log = structlog.get_logger(__name__)


async def charge_at_exit(clients: Clients, settings: Settings, session_id: int, now: datetime) -> Charge | None:
    """Charge what is due for a stay that has ended to its driver's card, however often this is called.

    None: nobody's card pays for it, or something is still open, and upkeep tries again.
    """
    for _ in range(_TRIES):
        async with transaction():
            found = await _begin(clients.payments.name, settings, session_id, now)
        if not isinstance(found, list):
            break
        await checkouts.end_checkouts(clients, found, now)
    else:
        return None
    if found is None or found.state is not ChargeState.ASKED:
        await mail.ask(clients)
        return found
    return await _ask(clients, settings, found, now)


async def take_up(clients: Clients, settings: Settings, now: datetime) -> int:
    """By the clock: stays whose charge nobody began, charges of which nobody knows whether they were made, and those
    whose end the provider has told. One that fails holds up no other. Answers how many were looked at.
    """
    settled = await rows.list_settled(_BATCH)
    for charge, state in settled:
        end = ChargeEnd.PAID if state is PaymentState.PAID else ChargeEnd.DECLINED
        await _end(clients, settings, charge, end, "", charge.code, now)
    due = await rows.list_due(now, _BATCH)
    for charge in due:
        await _tried(_ask(clients, settings, charge, now), charge.session_id)
    unasked = await rows.list_unasked(clients.payments.name, now - CHARGED_WITHIN, _BATCH)
    for session_id in unasked:
        await _tried(charge_at_exit(clients, settings, session_id, now), session_id)
    return len(settled) + len(due) + len(unasked)


async def delete_old(now: datetime) -> int:
    """Forget which stays were a driver's, a while after they were charged."""
    return await rows.delete_ended_before(now - KEPT)


async def find_session(public_id: str) -> ParkingSession:
    """The stay that a letter about a charge leads to. Raises NotFoundError."""
    return await session_rows.get_session((await rows.get_by_public_id(public_id)).session_id)


async def _tried(asked: Coroutine[object, object, object], session_id: int) -> None:
    try:
        await asked
    except ParkHubError as error:
        log.warning("charge.put_off", session=session_id, reason=str(error))


async def _begin(provider: str, settings: Settings, session_id: int, now: datetime) -> Charge | list[Payment] | None:
    """The stay's charge, begun if it may be; or the open payments that have to end first. Inside a transaction."""
    session = await session_rows.lock_session(session_id)
    known = await rows.find_of_session(session.id)
    if known is not None:
        return known
    if session.exited_at is None or session.exited_at < now - CHARGED_WITHIN:
        return None
    payer = await card_rows.find_payer(session.plate, session.exited_at, provider)
    if payer is None:
        return None
    entry, exit_ = await _passage(session.entry_passage_id), await _passage(session.exit_passage_id)
    bill = await billing.bill_of(session, now)
    asked = bool(await review_rows.list_of_session(session.id)) or await _is_asked(entry) or await _is_asked(exit_)
    verdict = decide(session, entry, exit_, payer.card, bill.due_cents, bill.currency, asked=asked)
    payments = await payment_rows.list_of_session(session.id)
    if verdict is Verdict.WAIT or any(each.state is PaymentState.PROCESSING for each in payments):
        return None
    charge_to = (payer.card.customer, payer.card.method, max(0, bill.due_cents), bill.currency)
    public_id = secrets.token_urlsafe(checkouts.ID_BYTES)
    if verdict is not Verdict.CHARGE or bill.quote is None:
        end = _WITHOUT.get(verdict, ChargeEnd.NOTHING_DUE)
        charge = await rows.add_charge(public_id, session.id, payer.card.driver_id, None, *charge_to, end, now, None)
        await card_letters.write(settings, charge, now)
        return charge
    still_open = [each for each in payments if each.state is PaymentState.OPEN]
    if still_open:
        return await _closable(still_open, now)
    quote = await quote_rows.add_quote(
        public_id, session.lot_id, session.id, session.ticket, payer.email, bill.due_cents, bill.quote, now,
        payer.language,
    )  # fmt: skip
    payment = await payment_rows.add_payment(quote.id, provider, now + CHECKOUT_LIFE)
    await payment_rows.move_to(payment.id, PaymentState.PROCESSING, "")
    return await rows.add_charge(
        public_id, session.id, payer.card.driver_id, payment.id, *charge_to, ChargeEnd.NONE, now, now + FIRST_ASKED_FOR
    )


async def _closable(still_open: list[Payment], now: datetime) -> list[Payment] | None:
    """Open payments whose pages can be ended; None while one is just being opened.

    One whose opener was cut off before it had a page ends here, once nobody can open it any more.
    """
    for each in still_open:
        if not each.checkout:
            if now < (await quote_rows.get_quote(each.quote_id)).created_at + OPENED_WITHIN:
                return None
            await payment_rows.expire(each.id)
    return still_open


async def _ask(clients: Clients, settings: Settings, charge: Charge, now: datetime) -> Charge:
    """Have the provider charge it, by a key that charges once. Should it not answer, it is asked again later."""
    assert charge.payment_id is not None
    if now - charge.created_at > ASKED_AGAIN_FOR:
        log.error("charge.unknown", charge=charge.id)
        return await _end(clients, settings, charge, ChargeEnd.UNKNOWN, "", "", now)
    session = await session_rows.get_session(charge.session_id)
    lot = await lot_rows.get_lot(session.lot_id)
    metadata = {"quote": charge.public_id, "lot": lot.slug, "session": str(session.id), "by": BY_CARD}
    order = ChargeOrder(
        charge.public_id, charge.customer, charge.method, charge.amount_cents, charge.currency, now, metadata
    )
    try:
        done = await clients.payments.charge(order)
        if clients.payments.is_sandbox:
            await payment_sandbox.tell_of_charge(clients, done.intent)
    except BusyError as error:
        log.warning("charge.put_off", charge=charge.id, reason=str(error))
        await rows.put_off(charge.id, retry_at(now, charge.tries))
        return await rows.get_charge(charge.id)
    except InvalidInputError as error:  # an amount that the provider cannot take
        log.warning("charge.refused", charge=charge.id, reason=str(error))
        return await _end(clients, settings, charge, ChargeEnd.DECLINED, "", "invalid_amount", now)
    log.info("charge.answered", charge=charge.id, outcome=done.outcome.value, code=done.code)
    if done.outcome in _ENDS:
        return await _end(clients, settings, charge, _ENDS[done.outcome], done.intent, done.code, now)
    return await _on_its_way(clients, charge, done)


async def _on_its_way(clients: Clients, charge: Charge, done: Charged) -> Charge:
    assert charge.payment_id is not None
    async with transaction():
        session = await session_rows.lock_session(charge.session_id)
        if await rows.move(charge.id, ChargeState.ASKED, ChargeState.TOLD, ChargeEnd.NONE, ""):
            payment = await payment_rows.get_payment(charge.payment_id)
            if payment.state is PaymentState.PROCESSING:
                await payment_rows.move_to(payment.id, PaymentState.PROCESSING, done.intent)
    await _announce(clients, charge, session)
    return await rows.get_charge(charge.id)


async def _end(
    clients: Clients, settings: Settings, charge: Charge, end: ChargeEnd, intent: str, code: str, now: datetime
) -> Charge:
    """Note how a charge ended, once, and write to the driver where that is for them to know."""
    assert charge.payment_id is not None
    async with transaction():
        session = await session_rows.lock_session(charge.session_id)
        if await rows.move(charge.id, charge.state, ChargeState.ENDED, end, code):
            if end is not ChargeEnd.PAID:
                await payment_rows.move_to(charge.payment_id, PaymentState.FAILED, intent)
            await card_letters.write(settings, await rows.get_charge(charge.id), now)
    await _announce(clients, charge, session)
    await mail.ask(clients)
    return await rows.get_charge(charge.id)


async def _announce(clients: Clients, charge: Charge, session: ParkingSession) -> None:
    await clients.live.announce(f"quote:{charge.public_id}")
    await clients.live.announce(f"session:{session.id}")
    await clients.live.announce(f"sessions:{session.lot_id}")


async def _passage(passage_id: int | None) -> GatePassage | None:
    if passage_id is None:
        return None
    try:
        return await passage_rows.get_passage(passage_id)
    except NotFoundError:
        return None


async def _is_asked(passage: GatePassage | None) -> bool:
    """Whether a question about a passage waits for staff."""
    return passage is not None and any(
        each.decided_at is None for each in await review_rows.list_of_passage(passage.id)
    )
