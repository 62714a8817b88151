"""What the payment provider tells: verified, kept once, handled once, in whichever order it comes."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import webhook_secret
from parkhub.db import payments as payment_rows
from parkhub.db import stripe_events as event_rows
from parkhub.db.engine import transaction
from parkhub.db.quotes import StoredQuote
from parkhub.db.stripe_events import StoredEvent
from parkhub.domain.payment_events import (
    UNFINISHED,
    UNKNOWN_FOR,
    EventStatus,
    PaymentTold,
    PayoutTold,
    RefundFailed,
    RefundTold,
    Told,
    read_event,
    retry_at,
    understand,
)
from parkhub.domain.payments import PaymentState
from parkhub.domain.saved_cards import CardTold
from parkhub.domain.webhook_signatures import check_signature
from parkhub.errors import BusyError, InvalidInputError, NotFoundError, ParkHubError, SignatureError
from parkhub.secret_key import secret_key
from parkhub.services import barrier_openings, booking_checkouts, checkouts, event_postings, mail, payouts
from parkhub.services.saved_cards import take_told
from parkhub.settings import Settings

HANDLE_EVENT: Final = "handle_event"
PAYOUT_WAITS: Final = timedelta(days=1)
"""So long a payout waits for payments in it that were not told yet; then it is booked without them."""
_BATCH: Final = 200

log = structlog.get_logger(__name__)


def accepted_secrets(clients: Clients, settings: Settings) -> tuple[str, ...]:
    """What a webhook may be signed with; the sandbox has a secret of this installation's own."""
    if clients.payments.is_sandbox:
        return (webhook_secret(secret_key(settings)),)
    return settings.webhook_secrets


async def receive(clients: Clients, settings: Settings, body: bytes, signature: str, now: datetime) -> bool:
    """Take an event in; False when it was before. Whoever sends may take it as told: it is kept.

    Raises SignatureError, InvalidInputError, and BusyError where no secret is set: then anybody could have sent it.
    """
    accepted = accepted_secrets(clients, settings)
    if not accepted:
        log.warning("webhook.no_secret")
        raise BusyError("Webhooks are refused here until a signing secret is set.", retry_after_s=3600)
    try:
        check_signature(body, signature, accepted, now)
    except SignatureError as error:
        log.warning("webhook.refused", reason=str(error))
        raise
    try:
        raw = json.loads(body)
    except ValueError:
        raise InvalidInputError("This is no event of Stripe's.") from None
    return await keep(clients, settings, raw, now) is not None


async def keep(clients: Clients, settings: Settings, raw: Mapping[str, Any], now: datetime) -> int | None:
    """Keep an event and ask for it to be handled; None when it was kept before."""
    event = read_event(raw)
    if event.live and not settings.takes_real_money:
        raise InvalidInputError("This is an event of real money, and this installation takes test payments only.")
    if not event.live and settings.takes_real_money:
        raise InvalidInputError("This is an event of a test payment, and this installation takes real money.")
    event_id = await event_rows.add_event(event, now)
    if event_id is not None:
        await _ask(clients, event_id)
    return event_id


async def handle(clients: Clients, settings: Settings, event_id: int, now: datetime) -> EventStatus:
    """Handle a kept event once, however often and by however many this is called; answers what became of it.

    What cannot be handled now is noted and tried again later.
    """
    stored = await event_rows.get_event(event_id)
    if stored.status not in UNFINISHED:
        return stored.status
    try:
        await _handle(clients, settings, stored, now)
    except event_postings.EarlyError:
        too_long = now - stored.received_at > UNKNOWN_FOR
        if too_long:
            await event_rows.finish(event_id, EventStatus.UNKNOWN, now)
        else:
            await event_rows.put_off(event_id, EventStatus.EARLY, "not known yet", retry_at(now, stored.tries))
    except BusyError:
        raise
    except ParkHubError as error:
        log.warning("event.failed", event_id=stored.event.id, type=stored.event.type, reason=str(error))
        await put_off(stored, str(error), now)
    return (await event_rows.get_event(event_id)).status


async def handle_again(clients: Clients, settings: Settings, name: str, now: datetime) -> StoredEvent:
    """Handle an event now by the provider's name for it: a kept one once more, another fetched from the provider.

    Raises NotFoundError when the provider does not know it either.
    """
    stored = await event_rows.find_event(name)
    if stored is None:
        raw = await clients.payments.fetch_event(name)
        if raw is None:
            raise NotFoundError("Neither ParkHub nor the payment provider knows this event.")
        await keep(clients, settings, raw, now)
        stored = await event_rows.find_event(read_event(raw).id)
        assert stored is not None
    await event_rows.reopen(stored.id, now)
    await handle(clients, settings, stored.id, now)
    return await event_rows.get_event(stored.id)


async def put_off(stored: StoredEvent, error: str, now: datetime) -> None:
    """Note that an event could not be handled; it is tried again, ever more seldom."""
    await event_rows.put_off(stored.id, EventStatus.FAILED, error[:500], retry_at(now, stored.tries))


async def requeue_due(clients: Clients, now: datetime) -> int:
    """Ask again for events whose job got lost, and for those that came too early or failed, when their time comes."""
    asked = 0
    for event_id in await event_rows.list_due(now, _BATCH):
        asked += await clients.queue.enqueue(HANDLE_EVENT, event_id, job_id=job_id(event_id))
    return asked


def job_id(event_id: int) -> str:
    """One job for an event at a time."""
    return f"event:{event_id}"


async def _ask(clients: Clients, event_id: int) -> None:
    try:
        await clients.queue.enqueue(HANDLE_EVENT, event_id, job_id=job_id(event_id))
    except BusyError as error:  # it is kept, and upkeep asks again
        log.warning("event.not_enqueued", event_id=event_id, reason=str(error))


async def _handle(clients: Clients, settings: Settings, stored: StoredEvent, now: datetime) -> None:
    told = understand(stored.event)
    if told is None:
        await event_rows.finish(stored.id, EventStatus.IGNORED, now)
        return
    if isinstance(told, CardTold):
        await take_told(clients, stored, told, now)
        return
    if isinstance(told, PayoutTold):
        shares, whole = await payouts.shares_of(clients.payments, told)
        if not whole and now - stored.received_at < PAYOUT_WAITS:
            raise event_postings.EarlyError
        async with transaction():
            if await event_rows.finish(stored.id, EventStatus.HANDLED, now):
                await payouts.book(told, shares, now)
        return
    made_cents = await _made_cents(clients, told)
    async with transaction():
        if not await event_rows.finish(stored.id, EventStatus.HANDLED, now):
            return
        quote = await event_postings.book(settings, stored, told, made_cents, now)
    await clients.live.announce(f"quote:{quote.public_id}")
    await clients.live.announce(f"sessions:{quote.lot_id}")
    if quote.email:
        await mail.ask(clients)
    if isinstance(told, PaymentTold) and told.state is PaymentState.PAID:
        await _after_payment(clients, quote, told, now)
        await booking_checkouts.after_payment(clients, settings, quote, now)


async def _made_cents(clients: Clients, told: Told) -> int | None:
    """All refunds of a payment, those that failed too, from the provider where one of its refunds failed: what an
    event sums up then may lack them. None: the event's own sum tells, or the payment is not known yet."""
    if not isinstance(told, RefundTold | RefundFailed):
        return None
    payment = await payment_rows.find_by_intent(told.intent) or await payment_rows.find_by_quote(told.quote)
    if payment is None or not payment.intent or (isinstance(told, RefundTold) and not payment.failed_cents):
        return None
    return await clients.payments.sum_refunds(payment.intent, told.currency)


async def _after_payment(clients: Clients, quote: StoredQuote, told: PaymentTold, now: datetime) -> None:
    """What waited for this payment may be handled, and no other page shall take money for the same stay."""
    if quote.session_id is not None:
        await barrier_openings.tell_paid(clients, quote.session_id, now)
    for event_id in await event_rows.list_early([told.intent, told.checkout]):
        await _ask(clients, event_id)
    others = await payment_rows.list_of_session(quote.session_id) if quote.session_id is not None else []
    await checkouts.end_checkouts(clients, [other for other in others if other.state is PaymentState.OPEN], now)
    log.info("payment.taken", quote=quote.id, lot=quote.lot_id, amount_cents=told.amount_cents)
