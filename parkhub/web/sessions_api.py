"""Sessions, their money and the questions about them for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from parkhub.db import ledger as ledger_rows
from parkhub.db import lots as lot_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.plates import normalise
from parkhub.domain.sessions import SessionState
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services import billing, discount_codes, payments, reviews, session_changes, session_corrections, tariffs
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import signed_in
from parkhub.web.session_forms import (
    AssignForm,
    BillItem,
    Changed,
    CloseForm,
    CodeForm,
    ForgoForm,
    MergeForm,
    OpenForm,
    PaymentForm,
    PlateForm,
    ReasonForm,
    ReviewItem,
    SessionDetail,
    SessionItem,
    SessionPage,
    SplitForm,
    TariffForm,
    TariffItem,
    bill_item,
    posted_item,
    review_item,
    session_item,
    tariff_item,
)
from parkhub.web.templating import AnyRequest

PAGE: Final = 50
PAGE_MAX: Final = 500
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_NEWEST: Final = 2**62


@get("/lots/{slug:str}/sessions", tags=["Sessions"])
async def list_sessions(
    slug: FromPath[str],
    which: Annotated[SessionState | None, QueryParameter(name="state")] = None,
    plate: FromQuery[str] = "",
    since: FromQuery[datetime] = _EVER,
    until: FromQuery[datetime] = _NEVER,
    before: FromQuery[int] = _NEWEST,
    limit: FromQuery[int] = PAGE,
) -> SessionPage:
    """A lot's sessions, by entry time and state, or by a part of their plate (look-alikes count as equal)."""
    lot = await _lot(slug)
    limit = min(max(limit, 1), PAGE_MAX)
    if plate:
        part = normalise(plate)
        found = await session_rows.search(lot.id, part, limit) if part else []
        return SessionPage([session_item(each) for each in found], None)
    found = await session_rows.list_sessions(lot.id, which, _aware(since), _aware(until), before, limit)
    return SessionPage([session_item(each) for each in found], found[-1].id if len(found) == limit else None)


@get("/sessions/{session_id:int}", tags=["Sessions"])
async def show_session(session_id: FromPath[int]) -> SessionDetail:
    """A session with its bill as if it ended now, its postings and open questions."""
    bill = await billing.get_bill(session_id, datetime.now(UTC))
    posted = await ledger_rows.list_of_session(session_id)
    asked = await review_rows.list_of_session(session_id)
    return SessionDetail(
        session_item(bill.session), bill_item(bill), [*map(posted_item, posted)], [*map(review_item, asked)]
    )


@post("/lots/{slug:str}/sessions", tags=["Sessions"])
async def open_session(
    request: AnyRequest, clients: GivenClients, slug: FromPath[str], data: JSONBody[OpenForm]
) -> SessionItem:
    """Begin a session by hand."""
    lot, now = await _lot(slug), datetime.now(UTC)
    session = await session_corrections.open_by_hand(
        clients,
        lot.id,
        data.plate,
        _kind(data.kind),
        _aware(data.entered_at),
        data.reason,
        request.user.id,
        now,
        lost_ticket=data.lost_ticket,
    )
    return session_item(session)


@post("/sessions/{session_id:int}/plate", status_code=200, tags=["Sessions"])
async def edit_plate(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[PlateForm]
) -> Changed:
    """Give a session another plate; its right and price follow."""
    now = datetime.now(UTC)
    return Changed(
        await session_corrections.edit_plate(clients, session_id, data.plate, data.reason, request.user.id, now)
    )


@post("/sessions/{session_id:int}/close", status_code=200, tags=["Sessions"])
async def close_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[CloseForm]
) -> Changed:
    """Say when a car left."""
    at, now = _aware(data.exited_at), datetime.now(UTC)
    return Changed(await session_corrections.close_by_hand(clients, session_id, at, data.reason, request.user.id, now))


@post("/sessions/{session_id:int}/reopen", status_code=200, tags=["Sessions"])
async def reopen_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[ReasonForm]
) -> Changed:
    """Take an exit back."""
    now = datetime.now(UTC)
    return Changed(await session_corrections.reopen(clients, session_id, data.reason, request.user.id, now))


@post("/sessions/{session_id:int}/cancel", status_code=200, tags=["Sessions"])
async def cancel_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[ReasonForm]
) -> Changed:
    """Say that a visit never was."""
    now = datetime.now(UTC)
    return Changed(await session_corrections.cancel(clients, session_id, data.reason, request.user.id, now))


@post("/sessions/{session_id:int}/merge", status_code=200, tags=["Sessions"])
async def merge_sessions(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[MergeForm]
) -> Changed:
    """Make two sessions of one visit one."""
    now = datetime.now(UTC)
    return Changed(
        await session_corrections.merge(clients, session_id, data.other_id, data.reason, request.user.id, now)
    )


@post("/sessions/{session_id:int}/split", status_code=200, tags=["Sessions"])
async def split_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[SplitForm]
) -> Changed:
    """Make one session two visits."""
    left, came, now = _aware(data.left_at), _aware(data.came_at), datetime.now(UTC)
    return Changed(await session_corrections.split(clients, session_id, left, came, data.reason, request.user.id, now))


@post("/corrections/{audit_id:int}/undo", status_code=200, tags=["Sessions"])
async def undo_correction(request: AnyRequest, clients: GivenClients, audit_id: FromPath[int]) -> Changed:
    """Take a correction back."""
    return Changed(await session_changes.undo(clients, audit_id, request.user.id, datetime.now(UTC)))


@post("/sessions/{session_id:int}/payments", tags=["Money"])
async def take_payment(request: AnyRequest, session_id: FromPath[int], data: JSONBody[PaymentForm]) -> BillItem:
    """Money taken by staff."""
    now = datetime.now(UTC)
    bill = await payments.pay(session_id, data.amount_cents, Account.CASH, _uid(data.uid), now, request.user.id)
    return bill_item(bill)


@post("/sessions/{session_id:int}/waivers", tags=["Money"])
async def waive(request: AnyRequest, session_id: FromPath[int], data: JSONBody[ForgoForm]) -> BillItem:
    """Forgo what is owed, or a part of it."""
    now = datetime.now(UTC)
    bill = await payments.waive(session_id, data.amount_cents, data.reason, _uid(data.uid), request.user.id, now)
    return bill_item(bill)


@post("/sessions/{session_id:int}/refunds", tags=["Money"])
async def refund(request: AnyRequest, session_id: FromPath[int], data: JSONBody[ForgoForm]) -> BillItem:
    """Give back, in cash, what was paid, or a part of it."""
    now, uid = datetime.now(UTC), _uid(data.uid)
    bill = await payments.refund(session_id, data.amount_cents, Account.CASH, data.reason, uid, request.user.id, now)
    return bill_item(bill)


@post("/sessions/{session_id:int}/codes", tags=["Money"])
async def give_code(request: AnyRequest, session_id: FromPath[int], data: JSONBody[CodeForm]) -> BillItem:
    """Use a discount code."""
    return bill_item(await discount_codes.give_code(session_id, data.code, request.user.id, datetime.now(UTC)))


@get("/lots/{slug:str}/reviews", tags=["Reviews"])
async def list_reviews(slug: FromPath[str]) -> list[ReviewItem]:
    """What waits for a person, oldest first."""
    return [review_item(each) for each in await review_rows.list_open((await _lot(slug)).id)]


@post("/reviews/{review_id:int}/assign", status_code=200, tags=["Reviews"])
async def assign_exit(
    request: AnyRequest, clients: GivenClients, review_id: FromPath[int], data: JSONBody[AssignForm]
) -> Changed:
    """Decide whose exit it was."""
    now = datetime.now(UTC)
    return Changed(await reviews.assign_exit(clients, review_id, data.session_id, data.reason, request.user.id, now))


@post("/reviews/{review_id:int}/dismiss", status_code=200, tags=["Reviews"])
async def dismiss_review(
    request: AnyRequest, clients: GivenClients, review_id: FromPath[int], data: JSONBody[ReasonForm]
) -> ReviewItem:
    """Close a question without changing anything."""
    now = datetime.now(UTC)
    return review_item(await reviews.dismiss(clients, review_id, data.reason, request.user.id, now))


@get("/lots/{slug:str}/tariffs", tags=["Tariffs"])
async def list_tariffs(slug: FromPath[str]) -> list[TariffItem]:
    """A lot's tariffs, the one that begins last first."""
    return [tariff_item(each) for each in await tariff_rows.list_versions((await _lot(slug)).id)]


@post("/lots/{slug:str}/tariffs", tags=["Tariffs"])
async def publish_tariff(request: AnyRequest, slug: FromPath[str], data: JSONBody[TariffForm]) -> TariffItem:
    """Publish a tariff from an instant on."""
    lot, now = await _lot(slug), datetime.now(UTC)
    start = _aware(data.valid_from)
    return tariff_item(await tariffs.publish(lot.id, _kind(data.kind), data.text, start, request.user.id, now))


async def _lot(slug: str) -> Lot:
    lot = await lot_rows.find_lot(slug)
    if lot is None:
        raise NotFoundError("There is no car park at this address.")
    return lot


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise InvalidInputError("Give times with their zone, such as 2026-11-21T12:00:00Z.")
    return at.astimezone(UTC)


def _kind(text: str | None) -> VehicleKind | None:
    if text is None:
        return None
    try:
        return VehicleKind(text)
    except ValueError:
        raise InvalidInputError(f"The kind is one of {', '.join(VehicleKind)}, or null.") from None


def _uid(text: str) -> str:
    if not 8 <= len(text) <= 80 or not text.isascii() or not text.isprintable():
        raise InvalidInputError("Make up a uid of 8 to 80 letters for every payment, and send it again with a repeat.")
    return f"staff:{text}"


routes = [
    Router(
        "/api/v1",
        route_handlers=[
            list_sessions,
            show_session,
            open_session,
            edit_plate,
            close_session,
            reopen_session,
            cancel_session,
            merge_sessions,
            split_session,
            undo_correction,
            take_payment,
            waive,
            refund,
            give_code,
            list_reviews,
            assign_exit,
            dismiss_review,
            list_tariffs,
            publish_tariff,
        ],
        guards=[signed_in],
    )
]
