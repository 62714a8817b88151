"""What staff do to a session from its page: corrections, its money, and opening a barrier for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.db import barriers as barrier_rows
from parkhub.db import lots as lot_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.money import parse_amount
from parkhub.domain.payments import is_far_above
from parkhub.domain.rights import Right
from parkhub.domain.sessions import read_ticket
from parkhub.errors import BusyError, ConflictError, InvalidInputError, NotFoundError, sentence
from parkhub.services import (
    barrier_openings,
    barriers,
    billing,
    desk_payments,
    discount_codes,
    payments,
    refunds,
    session_changes,
)
from parkhub.services.desk_payments import Tender
from parkhub.settings import Settings
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.session_forms import (
    CancelForm,
    CloseForm,
    Correction,
    MergeForm,
    PlateForm,
    ReopenForm,
    SplitForm,
    checked_uid,
    correct,
    local_instant,
    read_id,
    staff_uid,
)
from parkhub.web.session_page import sent, show_session
from parkhub.web.templating import AnyRequest

Given = dict[str, str]
_REFUSED: Final = (InvalidInputError, ConflictError, BusyError)

Clock = Callable[[str], datetime]
"""What a time that was typed means, by the lot's clock."""

CORRECTIONS: Final[dict[str, Callable[[Given, Clock], Correction]]] = {
    "plate": lambda given, _: PlateForm(given.get("plate", ""), given["reason"]),
    "close": lambda given, clock: CloseForm(clock(given.get("exited_at", "")), given["reason"]),
    "reopen": lambda given, _: ReopenForm(given["reason"]),
    "cancel": lambda given, _: CancelForm(given["reason"]),
    "split": lambda given, clock: SplitForm(
        clock(given.get("left_at", "")), clock(given.get("came_at", "")), given["reason"]
    ),
}


@post("/console/sessions/{session_id:int}/correct", guards=[needs(Right.RUN)])
async def correct_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int]
) -> Response[Any] | Template:
    """Put it right; what it was can be taken back."""
    given = sent(await request.form())
    given.setdefault("reason", "")
    do, session = given.get("do", ""), await session_rows.get_session(session_id)
    zone = ZoneInfo((await lot_rows.get_lot(session.lot_id)).time_zone)
    try:
        if do == "merge":
            form: Correction = MergeForm(await _other(given.get("other", "")), given["reason"])
        elif do in CORRECTIONS:
            form = CORRECTIONS[do](given, partial(local_instant, zone=zone, since=session.entered_at))
        else:
            raise InvalidInputError("Choose what to put right.")
        entry = await correct(clients, session_id, form, request.user.id, datetime.now(UTC))
    except _REFUSED as error:
        return await show_session(request, clients, session_id, error.status, str(error), do, given)
    return _back(session_id, str(entry))


async def _other(text: str) -> int:
    """The session of a ticket, or with a number, as an address has it. Raises InvalidInputError."""
    ticket = read_ticket(text)
    held = await session_rows.find_by_ticket(ticket) if ticket else None
    number = held.id if held else read_id(text.strip().removeprefix("#"))
    if number is None:
        raise InvalidInputError("Give the other session’s ticket or number; both stand on its page.")
    return number


@post("/console/sessions/{session_id:int}/undo", guards=[needs(Right.RUN)])
async def undo(request: AnyRequest, clients: GivenClients, session_id: FromPath[int]) -> Response[Any] | Template:
    """Take a correction of it back."""
    given = sent(await request.form())
    entry = read_id(given.get("entry", "")) or 0
    try:
        if (await session_rows.get_session(session_id)).lot_id != await session_changes.lot_of(entry):
            raise NotFoundError("There is no such correction.")
        done = await session_changes.undo(clients, entry, request.user.id, datetime.now(UTC))
    except _REFUSED as error:
        return await show_session(request, clients, session_id, error.status, str(error), "undo")
    return _back(session_id, str(done))


@post("/console/sessions/{session_id:int}/pay", guards=[needs(Right.RUN)])
async def take_payment(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, session_id: FromPath[int]
) -> Response[Any] | Template:
    """Take cash, or what a card terminal took. Far more than is due is asked about first."""
    given, now, amount = sent(await request.form()), datetime.now(UTC), None
    try:
        amount = await _amount(session_id, given.get("amount", "") or "0")
        confirmed = bool(given.get("confirm_over"))
        tender = Tender.TERMINAL if given.get("tender") == Tender.TERMINAL else Tender.CASH
        uid = staff_uid(given.get("uid", ""))
        await desk_payments.take(
            settings, session_id, amount or 0, tender, uid, now, request.user.id, confirmed=confirmed
        )
    except ConflictError as error:
        far = not given.get("confirm_over") and is_far_above(
            amount or 0, (await billing.get_bill(session_id, now)).due_cents
        )
        return await show_session(
            request, clients, session_id, error.status, "" if far else str(error), "pay-over" if far else "pay", given
        )
    except InvalidInputError as error:
        return await show_session(request, clients, session_id, error.status, str(error), "pay", given)
    await barrier_openings.tell_paid(clients, session_id, now)
    return _back(session_id, "paid")


@post("/console/sessions/{session_id:int}/forgo", guards=[needs(Right.REFUND)])
async def forgo(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, session_id: FromPath[int]
) -> Response[Any] | Template:
    """Waive what is owed, or give back what was paid: in cash, or through the payment provider."""
    given = sent(await request.form())
    do = given.get("do", "")
    try:
        done = await _forgo(clients, settings, session_id, do, given, request.user.id)
    except _REFUSED as error:
        return await show_session(request, clients, session_id, error.status, str(error), do, given)
    return _back(session_id, done)


async def _forgo(clients: Clients, settings: Settings, session_id: int, do: str, given: Given, account_id: int) -> str:
    now, reason = datetime.now(UTC), given.get("reason", "")
    amount, uid = await _amount(session_id, given.get("amount", "")), given.get("uid", "")
    if do == "waive":
        await payments.waive(session_id, amount, reason, staff_uid(uid), account_id, now)
        await barrier_openings.tell_paid(clients, session_id, now)
        return "waived"
    if do == "refund":
        await desk_payments.give_back(session_id, amount, reason, staff_uid(uid), account_id, now)
        return "refunded"
    if do == "retry":
        await refunds.retry(clients, settings, session_id, given.get("refund", ""), account_id, now)
        return "asked"
    public_id = given.get("payment", "")
    payment = await payment_rows.find_by_quote(public_id)
    if payment is None or (await quote_rows.get_quote(payment.quote_id)).session_id != session_id:
        raise InvalidInputError("Choose the payment to give back.")
    await refunds.refund_payment(clients, settings, public_id, amount, reason, account_id, now, checked_uid(uid))
    return "asked"


@post("/console/sessions/{session_id:int}/code", guards=[needs(Right.RUN)])
async def give_code(request: AnyRequest, clients: GivenClients, session_id: FromPath[int]) -> Response[Any] | Template:
    """Use a discount code."""
    given = sent(await request.form())
    try:
        await discount_codes.give_code(session_id, given.get("code", ""), request.user.id, datetime.now(UTC))
    except _REFUSED as error:
        return await show_session(request, clients, session_id, error.status, str(error), "code", given)
    return _back(session_id, "code")


@post("/console/sessions/{session_id:int}/open", guards=[needs(Right.RUN)])
async def open_barrier(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int]
) -> Response[Any] | Template:
    """Open a barrier of its lot by hand."""
    given, session = sent(await request.form()), await session_rows.get_session(session_id)
    try:
        known = await barrier_rows.list_barriers(session.lot_id)
        barrier = next((each for each in known if each.public_id == given.get("barrier")), None)
        if barrier is None:
            raise InvalidInputError("Choose the barrier.")
        reason, uid, now = given.get("reason", ""), given.get("uid", ""), datetime.now(UTC)
        await barriers.open_by_hand(clients, barrier, reason, request.user.id, uid, now)
    except _REFUSED as error:
        return await show_session(request, clients, session_id, error.status, str(error), "open", given)
    return _back(session_id, "opened")


async def _amount(session_id: int, text: str) -> int | None:
    """Minor units of what was typed; None for nothing. Raises InvalidInputError."""
    text = "".join(text.split()).replace(",", ".")
    if not text:
        return None
    session = await session_rows.get_session(session_id)
    currency = await billing.get_currency(session.lot_id)
    if not currency:
        raise InvalidInputError("This car park has no prices, so nothing can be paid.")
    try:
        return parse_amount(text, currency)
    except ValueError as error:
        raise InvalidInputError(sentence(error)) from None


def _back(session_id: int, done: str) -> Response[Any]:
    return Redirect(f"/console/sessions/{session_id}?done={done}", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[correct_session, undo, take_payment, forgo, give_code, open_barrier],
        include_in_schema=False,
    )
]
