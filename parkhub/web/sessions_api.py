"""Sessions and their corrections for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from parkhub.db import ledger as ledger_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.audit import EntryFilter
from parkhub.domain.plates import normalise
from parkhub.domain.rights import Right
from parkhub.domain.sessions import SessionState, read_ticket
from parkhub.services import audit, billing, session_changes, session_corrections
from parkhub.services.session_corrections import PLATE_LENGTH_MAX
from parkhub.web.api_answers import PAGE, PAGE_MAX, aware, find_lot, page_of
from parkhub.web.audit_api import AuditItem, audit_item
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import must, needs
from parkhub.web.session_forms import (
    CancelForm,
    Changed,
    CloseForm,
    MergeForm,
    OpenForm,
    PlateForm,
    ReopenForm,
    SessionDetail,
    SessionItem,
    SessionPage,
    SplitForm,
    bill_item,
    correct,
    posted_item,
    review_item,
    session_item,
)
from parkhub.web.templating import AnyRequest

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
NEWEST: Final = 2**62


@get("/lots/{slug:str}/sessions", tags=["Sessions"])
async def list_sessions(
    request: AnyRequest,
    slug: FromPath[str],
    which: Annotated[SessionState | None, QueryParameter(name="state")] = None,
    plate: FromQuery[str] = "",
    ticket: FromQuery[str] = "",
    since: FromQuery[datetime] = _EVER,
    until: FromQuery[datetime] = _NEVER,
    before: FromQuery[int] = NEWEST,
    limit: FromQuery[int] = PAGE,
) -> SessionPage:
    """A lot's sessions: by entry time and state, by a part of the plate (look-alikes are equal), or by ticket."""
    lot, limit = await find_lot(slug), page_of(limit)
    if ticket:
        held = await session_rows.find_by_ticket(read_ticket(ticket))
        return SessionPage([session_item(held, request.user)] if held and held.lot_id == lot.id else [], None)
    if plate:
        must(request.user, Right.SEE_PLATES, lot.id)
        part = normalise(plate)
        found = await session_rows.search(lot.id, part, limit) if 0 < len(part) <= PLATE_LENGTH_MAX else []
        return SessionPage([session_item(each, request.user) for each in found], None)
    before = min(max(before, 0), NEWEST)
    found = await session_rows.list_sessions(lot.id, which, aware(since), aware(until), before, limit)
    return SessionPage(
        [session_item(each, request.user) for each in found], found[-1].id if len(found) == limit else None
    )


@get("/sessions/{session_id:int}", tags=["Sessions"])
async def show_session(request: AnyRequest, session_id: FromPath[int]) -> SessionDetail:
    """A session with its bill as if it ended now, its postings and open questions."""
    bill = await billing.get_bill(session_id, datetime.now(UTC))
    posted = await ledger_rows.list_of_session(session_id)
    asked = await review_rows.list_of_session(session_id)
    return SessionDetail(
        session_item(bill.session, request.user),
        bill_item(bill),
        [*map(posted_item, posted)],
        [*map(review_item, asked)],
    )


@get("/sessions/{session_id:int}/history", tags=["Sessions"])
async def show_history(request: AnyRequest, session_id: FromPath[int]) -> list[AuditItem]:
    """What people did to a session and its money, the newest first."""
    session = await session_rows.get_session(session_id)
    wanted = EntryFilter(subject=f"session:{session.id}")
    return [audit_item(each, request.user) for each in await audit.list_entries(wanted, limit=PAGE_MAX)]


@post("/lots/{slug:str}/sessions", tags=["Sessions"], guards=[needs(Right.RUN)])
async def open_session(
    request: AnyRequest, clients: GivenClients, slug: FromPath[str], data: JSONBody[OpenForm]
) -> SessionItem:
    """Begin a session by hand."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    session = await session_corrections.open_by_hand(
        clients,
        lot.id,
        data.plate,
        data.kind,
        aware(data.entered_at),
        data.reason,
        request.user.id,
        now,
        lost_ticket=data.lost_ticket,
    )
    return session_item(session, request.user)


@post("/sessions/{session_id:int}/plate", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def edit_plate(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[PlateForm]
) -> Changed:
    """Give a session another plate; its right and price follow."""
    return Changed(await correct(clients, session_id, data, request.user.id, datetime.now(UTC)))


@post("/sessions/{session_id:int}/close", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def close_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[CloseForm]
) -> Changed:
    """Say when a car left."""
    return Changed(await correct(clients, session_id, data, request.user.id, datetime.now(UTC)))


@post("/sessions/{session_id:int}/reopen", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def reopen_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[ReopenForm]
) -> Changed:
    """Take an exit back."""
    return Changed(await correct(clients, session_id, data, request.user.id, datetime.now(UTC)))


@post("/sessions/{session_id:int}/cancel", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def cancel_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[CancelForm]
) -> Changed:
    """Say that a visit never was."""
    return Changed(await correct(clients, session_id, data, request.user.id, datetime.now(UTC)))


@post("/sessions/{session_id:int}/merge", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def merge_sessions(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[MergeForm]
) -> Changed:
    """Make two sessions of one visit one."""
    return Changed(await correct(clients, session_id, data, request.user.id, datetime.now(UTC)))


@post("/sessions/{session_id:int}/split", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def split_session(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], data: JSONBody[SplitForm]
) -> Changed:
    """Make one session two visits."""
    return Changed(await correct(clients, session_id, data, request.user.id, datetime.now(UTC)))


@post("/corrections/{audit_id:int}/undo", status_code=200, tags=["Sessions"], guards=[needs(Right.RUN)])
async def undo_correction(request: AnyRequest, clients: GivenClients, audit_id: FromPath[int]) -> Changed:
    """Take a correction back."""
    return Changed(await session_changes.undo(clients, audit_id, request.user.id, datetime.now(UTC)))


routes = [
    Router(
        "/api/v1",
        route_handlers=[
            list_sessions,
            show_session,
            show_history,
            open_session,
            edit_plate,
            close_session,
            reopen_session,
            cancel_session,
            merge_sessions,
            split_session,
            undo_correction,
        ],
        guards=[needs(Right.READ)],
    )
]
