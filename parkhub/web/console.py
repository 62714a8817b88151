"""The console's first page: all lots and cameras at a glance."""

from datetime import UTC, datetime
from typing import Any

from litestar import Router, get
from litestar.response import Template

from parkhub.domain.accounts import Account
from parkhub.domain.rights import Right
from parkhub.services import lots
from parkhub.web.barrier_view import list_call_views
from parkhub.web.guards import needs
from parkhub.web.lot_view import LotView
from parkhub.web.overview import load_overview, source_of
from parkhub.web.templating import AnyRequest, page


async def _overview(account: Account) -> dict[str, Any]:
    now = datetime.now(UTC)
    source = await source_of(account)
    overview = await load_overview(source, now)
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


routes = [
    Router(
        "/",
        route_handlers=[show_overview, show_now],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
