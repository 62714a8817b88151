"""The console's first page: all lots and cameras at a glance; and adding a lot."""

import zoneinfo
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.response import Redirect, Template

from parkhub.domain.accounts import Account
from parkhub.domain.rights import Right
from parkhub.errors import FieldsError
from parkhub.services import lots
from parkhub.web.barrier_view import list_call_views
from parkhub.web.guards import needs
from parkhub.web.lot_view import LotView
from parkhub.web.overview import load_overview, source_of
from parkhub.web.templating import AnyRequest, page

USUAL_TIME_ZONE: Final = "Europe/Berlin"


async def _overview(account: Account) -> dict[str, Any]:
    now = datetime.now(UTC)
    source = await source_of(account)
    overview = await load_overview(source.lot_ids, source.money_ids, now)
    numbers = {each.lot.id: each for each in overview.lots}
    views = [LotView(each, now) for each in await lots.list_statuses(now) if each.lot.id in numbers]
    cameras = overview.cameras
    watched = {camera.lot.id for camera in cameras}
    return {
        "views": views,
        "numbers": numbers,
        "overview": overview,
        "may_answer": account.may(Right.RUN),
        "cameras": cameras,
        "calls": await list_call_views(account),
        "needs": [(camera, camera.needs) for camera in cameras if camera.needs is not None],
        "lots_without": [view.lot for view in views if view.lot.id not in watched],
        "now": now,
    }


@get("/console", name="console")
async def show_overview(request: AnyRequest) -> Template:
    """Lots and cameras as they are now, and what needs somebody."""
    return page(request, "console/overview.html", **await _overview(request.user))


@get("/console/now")
async def show_now(request: AnyRequest) -> Template:
    """The same without the page around it, for a page that renews itself."""
    return page(request, "console/_now.html", **await _overview(request.user))


@cache
def time_zones() -> list[tuple[str, str]]:
    """Places to choose from, as (IANA name, words)."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [(name, name.replace("_", " ")) for name in [*names, "UTC"]]


def _lot_form(request: AnyRequest, given: dict[str, str], errors: dict[str, str], status_code: int = 200) -> Template:
    context = {"given": given, "errors": defaultdict(str, errors), "time_zones": time_zones()}
    return page(request, "console/new_lot.html", status_code=status_code, **context)


@get("/console/lots/new", guards=[needs(Right.SET_UP, everywhere=True)])
async def show_new_lot(request: AnyRequest) -> Template:
    """The form for a new lot."""
    known = await lots.list_statuses(datetime.now(UTC))
    zone = known[-1].lot.time_zone if known else USUAL_TIME_ZONE
    return _lot_form(request, {"name": "", "address": "", "time_zone": zone, "slug": ""}, {})


@post("/console/lots/new", guards=[needs(Right.SET_UP, everywhere=True)])
async def add_lot(request: AnyRequest) -> Response[Any] | Template:
    """Make the lot and go on to its first camera."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("name", "address", "time_zone", "slug")}
    try:
        lot = await lots.create_lot(given["name"], given["address"], given["time_zone"], given["slug"])
    except FieldsError as error:
        return _lot_form(request, given, error.fields, 422)
    return Redirect(f"/console/cameras/new?lot={lot.slug}", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[show_overview, show_now],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
