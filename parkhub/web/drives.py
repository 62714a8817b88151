"""The ways that are drawn in a lot's plan: lanes, entrances, and where its monitors hang."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Template

from parkhub.domain.drive_ways import find_unreached
from parkhub.domain.drives import door, read_drives
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import lot_plans
from parkhub.services.lot_plans import LotPlan
from parkhub.web.api_answers import find_lot
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.lot_plans import plan_document
from parkhub.web.spots import DOCUMENT_BYTES_MAX, read_document
from parkhub.web.templating import AnyRequest, page, signed_in_account

FACINGS: Final = {
    0: "Up in the plan",
    45: "Up and right",
    90: "Right",
    135: "Down and right",
    180: "Down",
    225: "Down and left",
    270: "Left",
    315: "Up and left",
}
NAMES_SHOWN: Final = 12


def facing_words(heading: int) -> str:
    """A heading as people say it."""
    return FACINGS.get(heading, f"{heading}°")


def monitor_path(slug: str, name: str) -> str:
    """Where the display of a monitor of the plan is."""
    return f"/display/{slug}?monitor={quote(name)}"


def _document(plan: LotPlan) -> dict[str, Any]:
    return {**plan_document(plan), **asdict(plan.drives)}


@get("/console/lots/{slug:str}/drives")
async def show_drives(request: AnyRequest, slug: FromPath[str]) -> Template:
    """The editor, which also shows without scripts what is drawn."""
    lot = await find_lot(slug)
    plan = await lot_plans.load_plan(lot)
    names = [spot.name for spot in plan.shown]
    doors = [door(spot.plan) for spot in plan.shown]
    unreached = await asyncio.to_thread(find_unreached, plan.drives, doors)
    return page(
        request,
        "drives/drives.html",
        lot=lot,
        drives=plan.drives,
        document=_document(plan),
        unreached=[names[number] for number in unreached],
        names_shown=NAMES_SHOWN,
        zones=sorted({spot.zone for spot in plan.shown} - {""}),
        facings=FACINGS,
        facing_words=facing_words,
        monitor_path=monitor_path,
    )


@get("/console/lots/{slug:str}/drives/document")
async def show_document(slug: FromPath[str]) -> dict[str, Any]:
    """What the editor's script begins with."""
    return _document(await lot_plans.load_plan(await find_lot(slug)))


@post("/console/lots/{slug:str}/drives/save", request_max_body_size=DOCUMENT_BYTES_MAX, status_code=200)
async def save(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[dict[str, Any]]:
    """Save what was drawn. 409: somebody else changed the plan meanwhile."""
    lot = await find_lot(slug)
    account = signed_in_account(request)
    try:
        document = await read_document(request)
        loaded = document.get("version")
        drives = read_drives(document, (lot.plan_width, lot.plan_height))
        version = loaded if type(loaded) is int else 0
        by = account.id if account else None
        plan = await lot_plans.save_drives(clients, by, lot.id, version, drives, datetime.now(UTC))
    except InvalidInputError as error:
        return Response({"detail": str(error)}, status_code=error.status)
    except ConflictError as error:
        now = await lot_plans.load_plan(lot)
        return Response({"detail": str(error), "version": now.version}, status_code=error.status)
    words = "The lanes are saved; monitors show the way by them from now on."
    return Response({"saved": {"sentence": words}, "document": _document(plan)})


routes = [
    Router(
        "/", route_handlers=[show_drives, show_document, save], guards=[needs(Right.SET_UP)], include_in_schema=False
    ),
]
