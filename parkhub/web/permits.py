"""Permits in the console: the list of a lot's."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from parkhub.db import permits as permit_rows
from parkhub.db.permits import PermitFilter, PermitState
from parkhub.domain.local_time import local_day
from parkhub.domain.lots import Lot
from parkhub.domain.permits import HOLDER_LENGTH_MAX, PermitKind
from parkhub.domain.rights import Right
from parkhub.web.api_answers import after_of, find_lot
from parkhub.web.guards import needs
from parkhub.web.permit_view import KINDS, row_of
from parkhub.web.plates import sees_plates
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 50
STATES: Final = [("", "Any"), ("valid", "Valid"), ("coming", "Begins later"), ("paused", "Paused"), ("over", "Over")]
DONE: Final = {
    "deleted": "The permit is deleted.",
    "imported": "The table is taken in.",
}


@get("/console/lots/{slug:str}/permits")
async def show_permits(
    request: AnyRequest,
    slug: FromPath[str],
    holds: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    after: FromQuery[int] = 0,
    done: FromQuery[str] = "",
) -> Template:
    """A lot's permits."""
    return await _list(request, await find_lot(slug), {"holds": holds, "kind": kind}, "", after, DONE.get(done, ""))


@post("/console/lots/{slug:str}/permits/search", status_code=200)
async def search(request: AnyRequest, slug: FromPath[str]) -> Template:
    """By a part of a name or a plate. Sent as a form: neither stands in an address."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("holds", "kind")}
    after = str(form.get("after", ""))
    number = int(after) if after.isascii() and after.isdecimal() else 0
    return await _list(request, await find_lot(slug), given, str(form.get("q", "")).strip()[:HOLDER_LENGTH_MAX], number)


async def _list(
    request: AnyRequest, lot: Lot, given: dict[str, str], text: str, after: int, said: str = ""
) -> Template:
    seen = sees_plates(request.user, lot.id)
    today = local_day(datetime.now(UTC), ZoneInfo(lot.time_zone))
    wanted = PermitFilter(
        PermitState(given["holds"]) if given["holds"] in list(PermitState) else None,
        PermitKind(given["kind"]) if given["kind"] in list(PermitKind) else None,
        text,
        seen,
    )
    found = await permit_rows.list_found(lot.id, wanted, today, after_of(after), PAGE + 1)
    kept = {name: value for name, value in given.items() if value}
    more = found[PAGE - 1].id if len(found) > PAGE else 0
    return page(
        request,
        "permits/index.html",
        lot=lot,
        rows=[row_of(each, today, seen) for each in found[:PAGE]],
        given=given,
        text=text,
        sees=seen,
        states=STATES,
        kinds=[("", "Any"), *KINDS],
        more=more,
        more_address=f"?{urlencode({**kept, 'after': more})}",
        first_address=f"/console/lots/{lot.slug}/permits{'?' if kept else ''}{urlencode(kept)}",
        after=after,
        filtered=bool(kept or text),
        said=said,
        may_change=request.user.may(Right.SET_UP, lot.id),
    )


routes = [
    Router(
        "/",
        route_handlers=[show_permits, search],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
