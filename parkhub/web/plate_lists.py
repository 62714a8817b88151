"""The allow and the deny list in the console."""

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import plate_lists as list_rows
from parkhub.domain.local_time import day_span
from parkhub.domain.lots import Lot
from parkhub.domain.plate_lists import PlateList
from parkhub.domain.rights import Right
from parkhub.errors import FieldsError
from parkhub.services import permits
from parkhub.web.api_answers import after_of, find_lot
from parkhub.web.guards import needs
from parkhub.web.permit_forms import listed_of
from parkhub.web.plates import shown_plate
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 100
LISTS: Final = {
    PlateList.ALLOW: ("allow", "good", "Parks free"),
    PlateList.DENY: ("deny", "bad", "Staff are told of it"),
}
DONE: Final = {"listed": "The plate is on the list.", "unlisted": "The plate is off the list."}


@get("/console/lots/{slug:str}/plates")
async def show_lists(
    request: AnyRequest,
    slug: FromPath[str],
    which: FromQuery[str] = "",
    after: FromQuery[int] = 0,
    done: FromQuery[str] = "",
) -> Template:
    """Entries for a lot or for all."""
    return await _page(request, await find_lot(slug), which=which, after=after, said=DONE.get(done, ""))


@post("/console/lots/{slug:str}/plates", guards=[needs(Right.SET_UP)])
async def list_plate(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Put a plate on a list."""
    lot, form, now = await find_lot(slug), await request.form(), datetime.now(UTC)
    given = {name: str(form.get(name, "")).strip() for name in ("list", "plate", "reason", "where", "until")}
    try:
        until = _end_of(given["until"], lot, now)
        which = PlateList(given["list"]) if given["list"] in list(PlateList) else PlateList.DENY
        where = None if given["where"] == "all" else lot.slug
        wanted = await listed_of(which, given["plate"], where, given["reason"], until, request.user)
        await permits.list_plate(wanted, request.user.id, now)
    except FieldsError as error:
        return await _page(request, lot, given=given, errors=error.fields, status_code=422)
    return Redirect(f"/console/lots/{lot.slug}/plates?done=listed", status_code=303)


@post("/console/listed-plates/{listed_id:int}/delete", guards=[needs(Right.SET_UP)])
async def unlist_plate(request: AnyRequest, listed_id: FromPath[int]) -> Response[Any]:
    """Take a plate off its list."""
    lot = await find_lot(str((await request.form()).get("lot", "")))
    await permits.unlist_plate(listed_id, request.user.id, datetime.now(UTC))
    return Redirect(f"/console/lots/{lot.slug}/plates?done=unlisted", status_code=303)


def _end_of(text: str, lot: Lot, now: datetime) -> datetime | None:
    """The end of a last day by the lot's calendar; None for good. Raises FieldsError."""
    if not text:
        return None
    try:
        end = day_span(date.fromisoformat(text), ZoneInfo(lot.time_zone)).end
    except (ValueError, OverflowError):
        raise FieldsError({"until": "Give a day, such as 2026-11-21."}) from None
    if end <= now:
        raise FieldsError({"until": "That day is over: the plate would be on no list."})
    return end


async def _page(
    request: AnyRequest,
    lot: Lot,
    *,
    which: str = "",
    after: int = 0,
    said: str = "",
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Template:
    wanted = PlateList(which) if which in list(PlateList) else None
    found = await list_rows.list_listed(lot.id, after_of(after), PAGE + 1, wanted)
    usual = {"list": which or "deny", "plate": "", "reason": "", "where": "", "until": ""}
    return page(
        request,
        "plate_lists/index.html",
        status_code=status_code,
        lot=lot,
        rows=[(each, shown_plate(request.user, each.plate, lot.id)) for each in found[:PAGE]],
        lists=LISTS,
        which=which if wanted else "",
        more=found[PAGE - 1].id if len(found) > PAGE else 0,
        after=after,
        said=said,
        given=given or usual,
        errors=defaultdict(str, errors or {}),
        may_change=request.user.may(Right.SET_UP, lot.id),
        may_everywhere=request.user.may_everywhere(Right.SET_UP),
    )


routes = [
    Router(
        "/",
        route_handlers=[show_lists, list_plate, unlist_plate],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
