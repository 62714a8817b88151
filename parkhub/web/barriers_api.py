"""Barriers for programs: the JSON interface, for signed-in staff. Owners set them up; everybody of staff may open."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from parkhub.db import barrier_calls as call_rows
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import lots as lot_rows
from parkhub.db.barrier_openings import OpeningFilter
from parkhub.domain.barriers import Barrier, BarrierKind, Call, Cause, Letting, Opening, OpeningOutcome
from parkhub.domain.passages import Direction
from parkhub.domain.rights import Right
from parkhub.domain.text import printable
from parkhub.errors import NotFoundError
from parkhub.secret_key import secret_key
from parkhub.services import barrier_calls, barrier_commands, barrier_setup, barriers
from parkhub.services.barrier_setup import BarrierForm
from parkhub.web.api_answers import PAGE, aware, find_lot, page_of
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.templating import AnyRequest


class BarrierData(msgspec.Struct):
    """A barrier as it is set up. ``cameras`` and ``node`` are public ids of cameras; ``address``: webhook or topic."""

    name: str
    kind: BarrierKind
    side: Direction = Direction.EXIT
    letting: Letting = Letting.NOBODY
    address: str = ""
    node: str = ""
    cameras: list[str] = []
    pulse_ms: int = 500
    timeout_s: int = 8
    waits_s: int = 300
    calls_after_s: int = 60
    call_email: str = ""
    enabled: bool = True


class BarrierItem(msgspec.Struct, frozen=True):
    """A barrier; ``exit_page`` is the path of its page for drivers, null at an entrance."""

    id: str
    lot: str
    setup: BarrierData
    exit_page: str | None


class StandingItem(msgspec.Struct, frozen=True):
    """Who stands there. ``closed``: why it does not open by itself, null where it does; minor units."""

    passage_id: int | None
    session_id: int | None
    cause: str | None
    closed: str | None
    why: str
    due_cents: int
    currency: str


class OpeningItem(msgspec.Struct, frozen=True):
    """One command. ``outcome`` "" is not known yet; ``answered_late``: it may have opened all the same."""

    id: int
    uid: str
    barrier: str
    cause: str
    session_id: int | None
    passage_id: int | None
    who: str | None
    reason: str
    asked_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    attempts: int
    outcome: str
    told: str
    answered_late: bool


class OpeningPage(msgspec.Struct, frozen=True):
    """Openings, the newest first. ``next_before``: ask with it as ``before`` for more; null when there are none."""

    items: list[OpeningItem]
    next_before: int | None


class CallItem(msgspec.Struct, frozen=True):
    """A call for a person."""

    id: int
    barrier: str
    cause: str
    called_at: datetime
    taken_by: str | None
    taken_at: datetime | None
    resolved_at: datetime | None


class OpenForm(msgspec.Struct):
    """Why it is opened. ``uid``, made up by who asks: sent again with it, it opens once."""

    reason: str
    uid: str = ""


@get("/lots/{slug:str}/barriers", tags=["Barriers"])
async def list_barriers(slug: FromPath[str]) -> list[BarrierItem]:
    """A lot's barriers."""
    return [await _item(each) for each in await barrier_rows.list_barriers((await find_lot(slug)).id)]


@post("/lots/{slug:str}/barriers", tags=["Barriers"], guards=[needs(Right.SET_UP)])
async def add_barrier(request: AnyRequest, slug: FromPath[str], data: JSONBody[BarrierData]) -> BarrierItem:
    """Add a barrier."""
    lot = await find_lot(slug)
    return await _item(await barrier_setup.create_barrier(lot.id, _form(data), request.user.id, datetime.now(UTC)))


@get("/barriers/{public_id:str}", tags=["Barriers"])
async def show_barrier(public_id: FromPath[str]) -> BarrierItem:
    """A barrier."""
    return await _item(await _find(public_id))


@put("/barriers/{public_id:str}", tags=["Barriers"], guards=[needs(Right.SET_UP)])
async def change_barrier(request: AnyRequest, public_id: FromPath[str], data: JSONBody[BarrierData]) -> BarrierItem:
    """Set a barrier up anew."""
    barrier = await _find(public_id)
    return await _item(await barrier_setup.change_barrier(barrier, _form(data), request.user.id, datetime.now(UTC)))


@get("/barriers/{public_id:str}/secret", tags=["Barriers"], guards=[needs(Right.SET_UP)])
async def show_secret(public_id: FromPath[str], settings: GivenSettings) -> dict[str, str]:
    """What messages to and from a barrier are signed with."""
    return {"secret": barrier_commands.secret_of(secret_key(settings), await _find(public_id))}


@get("/barriers/{public_id:str}/standing", tags=["Barriers"])
async def show_standing(public_id: FromPath[str]) -> StandingItem:
    """Who stands before a barrier, and why it opens or stays closed."""
    standing = await barriers.look(await _find(public_id), datetime.now(UTC))
    closed = standing.decision.closed
    return StandingItem(
        passage_id=standing.passage.id if standing.passage else None,
        session_id=standing.session.id if standing.session else None,
        cause=standing.decision.cause,
        closed=closed,
        why=closed.sentence if closed else "",
        due_cents=standing.due_cents,
        currency=standing.currency,
    )


@post("/barriers/{public_id:str}/open", tags=["Barriers"], guards=[needs(Right.RUN)])
async def open_barrier(
    request: AnyRequest, clients: GivenClients, public_id: FromPath[str], data: JSONBody[OpenForm]
) -> OpeningItem:
    """Open a barrier by hand; the log keeps who did and why."""
    barrier = await _find(public_id)
    now = datetime.now(UTC)
    opening = await barriers.open_by_hand(clients, barrier, data.reason, request.user.id, data.uid, now)
    return opening_item(opening, barrier)


@get("/barriers/{public_id:str}/openings", tags=["Barriers"])
async def list_openings(
    public_id: FromPath[str],
    cause: Annotated[Cause | None, QueryParameter(name="cause")] = None,
    outcome: Annotated[OpeningOutcome | None, QueryParameter(name="outcome")] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    before: FromQuery[int] = ID_MAX,
    limit: FromQuery[int] = PAGE,
) -> OpeningPage:
    """What a barrier was asked to do, and what became of it."""
    barrier, limit = await _find(public_id), page_of(limit)
    wanted = OpeningFilter(cause=cause, outcome=outcome, since=since and aware(since), until=until and aware(until))
    found = await opening_rows.list_openings([barrier.id], wanted, min(max(before, 0), ID_MAX), limit)
    items = [opening_item(each, barrier) for each in found]
    return OpeningPage(items, found[-1].id if len(found) == limit else None)


@get("/lots/{slug:str}/barrier-calls", tags=["Barriers"])
async def list_calls(slug: FromPath[str]) -> list[CallItem]:
    """Calls for a person that are not over, the longest waiting first."""
    return [await _call_item(each) for each in await call_rows.list_open((await find_lot(slug)).id)]


@post("/barrier-calls/{call_id:int}/take", status_code=200, tags=["Barriers"], guards=[needs(Right.RUN)])
async def take_call(request: AnyRequest, clients: GivenClients, call_id: FromPath[int]) -> CallItem:
    """Say that one goes there."""
    return await _call_item(await barrier_calls.take(clients, call_id, request.user.id, datetime.now(UTC)))


@post("/barrier-calls/{call_id:int}/resolve", status_code=200, tags=["Barriers"], guards=[needs(Right.RUN)])
async def resolve_call(request: AnyRequest, clients: GivenClients, call_id: FromPath[int]) -> CallItem:
    """Say that it is over."""
    return await _call_item(await barrier_calls.resolve(clients, call_id, request.user.id, datetime.now(UTC)))


def opening_item(opening: Opening, barrier: Barrier) -> OpeningItem:
    """An opening as it is told."""
    return OpeningItem(
        id=opening.id,
        uid=opening.uid,
        barrier=barrier.public_id,
        cause=opening.cause.value,
        session_id=opening.session_id,
        passage_id=opening.passage_id,
        who=opening.email,
        reason=opening.reason,
        asked_at=opening.asked_at,
        expires_at=opening.expires_at,
        sent_at=opening.sent_at,
        acknowledged_at=opening.acknowledged_at,
        attempts=opening.attempts,
        outcome=opening.outcome.value,
        told=opening.told,
        answered_late=opening.was_late,
    )


async def _item(barrier: Barrier) -> BarrierItem:
    form = await barrier_setup.form_of(barrier)
    given: dict[str, Any] = {name: getattr(form, name) for name in BarrierData.__struct_fields__}
    setup = msgspec.convert({**given, "cameras": list(form.cameras)}, BarrierData)
    lot = await lot_rows.get_lot(barrier.lot_id)
    page = f"/exit/{barrier.code}" if barrier.side is Direction.EXIT else None
    return BarrierItem(barrier.public_id, lot.slug, setup, page)


async def _call_item(call: Call) -> CallItem:
    barrier = await barrier_rows.get_barrier(call.barrier_id)
    return CallItem(
        call.id,
        barrier.public_id,
        call.cause.value,
        call.called_at,
        call.taken_by_email,
        call.taken_at,
        call.resolved_at,
    )


def _form(data: BarrierData) -> BarrierForm:
    return BarrierForm(**{name: getattr(data, name) for name in BarrierData.__struct_fields__})


async def _find(public_id: str) -> Barrier:
    if not printable(public_id):
        raise NotFoundError("There is no such barrier.")
    return await barrier_rows.find_barrier(public_id)


routes = [
    Router(
        "/api/v1",
        route_handlers=[
            list_barriers,
            add_barrier,
            show_barrier,
            change_barrier,
            show_secret,
            show_standing,
            open_barrier,
            list_openings,
            list_calls,
            take_call,
            resolve_call,
        ],
        guards=[needs(Right.READ)],
    )
]
