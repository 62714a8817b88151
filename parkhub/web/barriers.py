"""Barriers in the console: who stands there, opening by hand, calls, the log, and setting them up."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import barrier_calls as call_rows
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db.barrier_openings import OpeningFilter
from parkhub.domain.barriers import Barrier, BarrierKind, Cause, OpeningOutcome
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.secret_key import secret_key
from parkhub.services import barrier_calls, barrier_commands, barriers
from parkhub.settings import Settings
from parkhub.web.barrier_view import CAUSES, OUTCOMES, CallView, list_call_views, view_of
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 50
SHOWN: Final = 8


@get("/console/barriers")
async def list_all(request: AnyRequest) -> Template:
    """Every barrier of every lot, and who calls."""
    now = datetime.now(UTC)
    known = [each for each in await barrier_rows.list_barriers() if request.user.may(Right.READ, each.lot_id)]
    views = [await view_of(each, now, request.user) for each in known]
    any_lot = bool(await lot_rows.list_lots())
    return page(request, "barriers/index.html", views=views, calls=await list_call_views(request.user), any_lot=any_lot)


@get("/console/barriers/{public_id:str}")
async def show(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Template:
    """A barrier: who stands there, opening by hand, what it did last."""
    return await _page(request, settings, await barrier_rows.find_barrier(public_id))


@get("/console/barriers/{public_id:str}/now")
async def show_now(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Template:
    """What changes on that page."""
    barrier = await barrier_rows.find_barrier(public_id)
    return page(request, "barriers/_now.html", **await _context(request, settings, barrier))


@post("/console/barriers/{public_id:str}/open", guards=[needs(Right.RUN)])
async def open_by_hand(
    request: AnyRequest, public_id: FromPath[str], settings: GivenSettings, clients: GivenClients
) -> Response[Any] | Template:
    """Open it by hand."""
    barrier, form = await barrier_rows.find_barrier(public_id), await request.form()
    reason, uid = str(form.get("reason", "")), str(form.get("uid", ""))
    cause = Cause.TEST if form.get("do") == "test" else Cause.BY_HAND
    if cause is Cause.TEST:
        reason = reason.strip() or "test"
    try:
        await barriers.open_by_hand(clients, barrier, reason, request.user.id, uid, datetime.now(UTC), cause)
    except (InvalidInputError, ConflictError) as error:
        return await _page(request, settings, barrier, error.status, reason=reason, wrong=str(error))
    return Redirect(f"/console/barriers/{public_id}", status_code=303)


@get("/console/barriers/{public_id:str}/log")
async def show_log(
    request: AnyRequest,
    public_id: FromPath[str],
    cause: FromQuery[str] = "",
    outcome: FromQuery[str] = "",
    since: FromQuery[str] = "",
    before: FromQuery[int] = ID_MAX,
) -> Template:
    """What it was asked to do, and what became of it."""
    barrier = await barrier_rows.find_barrier(public_id)
    lot = await lot_rows.get_lot(barrier.lot_id)
    wanted = OpeningFilter(
        cause=Cause(cause) if cause in list(Cause) else None,
        outcome=OpeningOutcome(outcome) if outcome and outcome in list(OpeningOutcome) else None,
        since=_day(since, lot),
    )
    found = await opening_rows.list_openings([barrier.id], wanted, min(max(before, 0), ID_MAX), PAGE + 1)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    given = {"cause": cause, "outcome": outcome, "since": since}
    choices = {
        "causes": [("", "Any"), *((each.value, words) for each, words in CAUSES.items())],
        "outcomes": [("", "Any"), *((each.value, words) for each, (words, _) in OUTCOMES.items() if each.value)],
    }
    context: dict[str, Any] = {
        "barrier": barrier,
        "lot": lot,
        "openings": found[:PAGE],
        "more": more,
        "given": given,
        **choices,
    }
    return page(request, "barriers/log.html", causes_in_words=CAUSES, outcomes_in_words=OUTCOMES, **context)


@post("/console/barrier-calls/{call_id:int}/take", guards=[needs(Right.RUN)])
async def take_call(request: AnyRequest, call_id: FromPath[int], clients: GivenClients) -> Response[Any]:
    """Somebody goes there."""
    call = await barrier_calls.take(clients, call_id, request.user.id, datetime.now(UTC))
    barrier = await barrier_rows.get_barrier(call.barrier_id)
    return Redirect(f"/console/barriers/{barrier.public_id}", status_code=303)


@post("/console/barrier-calls/{call_id:int}/resolve", guards=[needs(Right.RUN)])
async def resolve_call(request: AnyRequest, call_id: FromPath[int], clients: GivenClients) -> Response[Any]:
    """It is over."""
    call = await barrier_calls.resolve(clients, call_id, request.user.id, datetime.now(UTC))
    barrier = await barrier_rows.get_barrier(call.barrier_id)
    return Redirect(f"/console/barriers/{barrier.public_id}", status_code=303)


async def _context(request: AnyRequest, settings: Settings, barrier: Barrier) -> dict[str, Any]:
    now = datetime.now(UTC)
    call = await call_rows.find_open(barrier.id)
    view = await view_of(barrier, now, request.user)
    server = settings.public_url or str(request.base_url).rstrip("/")
    return {
        "view": view,
        "barrier": barrier,
        "lot": view.lot,
        "call": CallView(call, barrier, view.lot) if call else None,
        "openings": await opening_rows.list_openings([barrier.id], OpeningFilter(), None, SHOWN),
        "causes_in_words": CAUSES,
        "outcomes_in_words": OUTCOMES,
        "is_owner": request.user.may(Right.SET_UP, barrier.lot_id),
        "exit_page": f"{server}/exit/{barrier.code}" if barrier.side is Direction.EXIT else "",
        "server": server,
    }


async def _page(
    request: AnyRequest, settings: Settings, barrier: Barrier, status_code: int = 200, **given: Any
) -> Template:
    context = await _context(request, settings, barrier)
    node = None if barrier.node_id is None else await camera_rows.get_camera(barrier.node_id)
    signed = barrier.kind is not BarrierKind.RELAY and context["is_owner"]
    secret = barrier_commands.secret_of(secret_key(settings), barrier) if signed else ""
    usual = {"reason": "", "wrong": "", "secret": secret, "node": node, "answers": barrier_commands.ANSWERED}
    uid = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return page(request, "barriers/barrier.html", status_code=status_code, **context, **{**usual, "uid": uid, **given})


def _day(text: str, lot: Lot) -> datetime | None:
    """The beginning of a day as the field for dates sends it; None for anything else."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=ZoneInfo(lot.time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found > datetime(1971, 1, 1, tzinfo=UTC) - timedelta(days=1) else None


routes = [
    Router(
        "/",
        route_handlers=[
            list_all,
            show,
            show_now,
            open_by_hand,
            show_log,
            take_call,
            resolve_call,
        ],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
