"""Sessions in the console: looking for one, and beginning one by hand."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from parkhub.db import ledger as ledger_rows
from parkhub.db import session_search
from parkhub.db import sessions as session_rows
from parkhub.db.session_search import SessionFilter
from parkhub.domain.local_time import day_span, local_day
from parkhub.domain.lots import Lot
from parkhub.domain.plates import normalise
from parkhub.domain.rights import Right
from parkhub.domain.sessions import SessionState, read_ticket
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import session_corrections
from parkhub.services.session_corrections import PLATE_LENGTH_MAX
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import ID_MAX, must, needs
from parkhub.web.our_lots import our_lot_ids, our_lots
from parkhub.web.plates import sees_plates, shown_plate
from parkhub.web.session_forms import local_instant
from parkhub.web.session_view import Row
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 50
STATES: Final = [("", "Any"), ("open", "Inside"), ("closed", "Left"), ("cancelled", "Cancelled")]
SPANS: Final = [("", "Any time"), ("today", "Today"), ("yesterday", "Yesterday"), ("week", "Last 7 days")]
KINDS: Final = [("", "Not known"), *((each.value, each.value.capitalize()) for each in VehicleKind)]
_NAMES: Final = ("lot", "state", "when", "unpaid", "asked")


@get("/console/sessions")
async def show_sessions(request: AnyRequest, before: FromQuery[int] = 0) -> Template:
    """Sessions of every lot, or of those the address asks for, the last to enter first."""
    given = {name: str(request.query_params.get(name, "")) for name in _NAMES}
    return await _list(request, given, "", before)


@post("/console/sessions/search", status_code=200)
async def search(request: AnyRequest) -> Response[Any] | Template:
    """By a part of the plate, look-alikes equal, or by ticket. Sent as a form: plates stand in no address."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in _NAMES}
    text = str(form.get("q", "")).strip()
    ticket = read_ticket(text)
    held = await session_rows.find_by_ticket(ticket) if ticket else None
    if held is not None and held.state is not SessionState.BEGUN and request.user.may(Right.READ, held.lot_id):
        target = f"/console/sessions/{held.id}"
        if request.headers.get("hx-request") == "true":
            return Response(b"", headers={"hx-redirect": target}, media_type="text/html")
        return Redirect(target, status_code=303)
    before = str(form.get("before", ""))
    return await _list(request, given, text, int(before) if before.isascii() and before.isdecimal() else 0)


async def _list(request: AnyRequest, given: dict[str, str], text: str, before: int) -> Template:
    now, lots = datetime.now(UTC), await our_lots(request.user)
    by_id = {each.id: each for each in lots}
    wanted, wrong = _read(request, given, text, lots, now)
    before = before if 0 < before <= ID_MAX else 0
    found = [] if wrong else await session_search.list_found(wanted, before, PAGE + 1)
    rows = []
    currencies = await ledger_rows.list_currencies({each.session.lot_id for each in found if each.owed_cents > 0})
    for each in found[:PAGE]:
        lot = by_id[each.session.lot_id]
        plate = shown_plate(request.user, each.session.plate, lot.id)
        rows.append(Row(each, lot, plate, now, currencies.get(lot.id, "")))
    kept = {name: value for name, value in given.items() if value}
    older = found[PAGE - 1].session.id if len(found) > PAGE else 0
    return page(
        request,
        "sessions/index.html",
        rows=rows,
        lots=[("", "All car parks"), *((lot.slug, lot.name) for lot in lots)],
        states=STATES,
        spans=SPANS,
        given=given,
        text=text,
        wrong=wrong,
        older=older,
        older_address=f"?{urlencode({**kept, 'before': older})}",
        first_address=f"/console/sessions{'?' if kept else ''}{urlencode(kept)}",
        before=before,
        filtered=bool(kept or text),
        searches=sees_plates(request.user),
        may_open=request.user.may(Right.RUN),
        any_lot=bool(lots),
    )


def _read(
    request: AnyRequest, given: Mapping[str, str], text: str, lots: list[Lot], now: datetime
) -> tuple[SessionFilter, str]:
    """What is asked for, and what is wrong with it. What no form sends is left aside."""
    chosen = [lot for lot in lots if lot.slug == given["lot"]]
    lot_ids = frozenset({chosen[0].id}) if chosen else our_lot_ids(request.user)
    part, wrong = normalise(text), ""
    if text:
        if not sees_plates(request.user):
            wrong = "Your account may look for tickets only. An owner can change that."
        elif not 0 < len(part) <= PLATE_LENGTH_MAX:
            wrong = f"Type a part of the plate, at most {PLATE_LENGTH_MAX} letters and digits, or a whole ticket."
    since, until = None, None
    here = chosen or lots
    if here and given["when"]:
        zone = ZoneInfo(here[0].time_zone)
        today = local_day(now, zone)
        days = {"today": (0, 1), "yesterday": (1, 0), "week": (6, 1)}.get(given["when"])
        if days is not None:
            since = day_span(today - timedelta(days=days[0]), zone).start
            until = day_span(today + timedelta(days=days[1]), zone).start
    states = {value: SessionState(value) for value, _ in STATES if value}
    wanted = SessionFilter(
        lot_ids=lot_ids,
        state=states.get(given["state"]),
        since=since,
        until=until,
        unpaid=bool(given["unpaid"]),
        asked=bool(given["asked"]),
        part=part,
    )
    return wanted, wrong


@get("/console/sessions/new", guards=[needs(Right.RUN)])
async def show_new(request: AnyRequest, lot: FromQuery[str] = "") -> Template | Response[Any]:
    """The form for a session that no camera saw."""
    lots = await our_lots(request.user, Right.RUN)
    if not lots:
        return Redirect("/console/sessions", status_code=303)
    chosen = next((each for each in lots if each.slug == lot), lots[0])
    at = datetime.now(UTC).astimezone(ZoneInfo(chosen.time_zone))
    one_clock = len({each.time_zone for each in lots}) == 1  # else it would stay when another is chosen
    entered_at = f"{at:%Y-%m-%dT%H:%M}" if one_clock else ""
    given = {"lot": chosen.slug, "plate": "", "kind": "", "entered_at": entered_at, "reason": ""}
    return _new(request, lots, given, {})


@post("/console/sessions/new", guards=[needs(Right.RUN)])
async def open_by_hand(request: AnyRequest, clients: GivenClients) -> Template | Response[Any]:
    """Begin it."""
    form, lots = await request.form(), await our_lots(request.user, Right.RUN)
    given = {name: str(form.get(name, "")) for name in ("lot", "plate", "kind", "entered_at", "reason", "lost_ticket")}
    lot = next((each for each in lots if each.slug == given["lot"]), None)
    if lot is None:
        return _new(request, lots, given, {"lot": "Choose a car park from the list."}, 422)
    must(request.user, Right.RUN, lot.id)
    kinds, now, at = {each.value: each for each in VehicleKind}, datetime.now(UTC), given["entered_at"].strip()
    try:
        session = await session_corrections.open_by_hand(
            clients,
            lot.id,
            given["plate"],
            kinds.get(given["kind"]),
            local_instant(at, ZoneInfo(lot.time_zone)) if at else now,
            given["reason"],
            request.user.id,
            now,
            lost_ticket=bool(given["lost_ticket"]),
        )
    except (InvalidInputError, ConflictError) as error:
        return _new(request, lots, given, {"": str(error)}, error.status)
    return Redirect(f"/console/sessions/{session.id}?done=begun", status_code=303)


def _new(
    request: AnyRequest, lots: list[Lot], given: dict[str, str], errors: dict[str, str], status_code: int = 200
) -> Template:
    context = {"given": {"lost_ticket": "", **given}, "errors": defaultdict(str, errors), "kinds": KINDS}
    choices = [(each.slug, each.name) for each in lots]
    return page(request, "sessions/new.html", status_code=status_code, lots=choices, **context)


routes = [
    Router(
        "/",
        route_handlers=[show_sessions, search, show_new, open_by_hand],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
