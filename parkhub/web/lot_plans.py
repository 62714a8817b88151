"""The drawn plan of a lot: spots of all its cameras put on one map by hand."""

import math
from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Template

from parkhub.db import lots as lot_rows
from parkhub.domain.lot_plans import corners
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.spot_marks import MarksError, read_marks
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import lot_plans
from parkhub.services.lot_plans import LotPlan
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.spots import DOCUMENT_BYTES_MAX, read_document
from parkhub.web.templating import AnyRequest, page, signed_in_account


async def _find(slug: str) -> Lot:
    lot = await lot_rows.find_lot(slug)
    if lot is None:
        raise NotFoundError("There is no car park at this address.")
    return lot


def plan_document(plan: LotPlan) -> dict[str, Any]:
    """The plan as its editors read it."""
    size = [math.ceil(plan.lot.plan_width), math.ceil(plan.lot.plan_height)]
    rows = [
        {"id": spot.name, "spot": spot.id, "kind": spot.kind.value, "zone": spot.zone, "polygon": corners(spot.plan)}
        for spot in plan.shown
    ]
    return {"version": plan.version, "size": size, "spots": rows}


@get("/console/lots/{slug:str}/plan")
async def show_plan(request: AnyRequest, slug: FromPath[str]) -> Template:
    """The plan's editor, which also shows without scripts what is drawn."""
    lot = await _find(slug)
    plan = await lot_plans.load_plan(lot)
    cameras = len({spot.camera_id for spot in plan.spots})
    return page(request, "spots/plan.html", lot=lot, document=plan_document(plan), camera_count=cameras)


@get("/console/lots/{slug:str}/plan/document")
async def show_document(slug: FromPath[str]) -> dict[str, Any]:
    """What the plan's script begins with."""
    return plan_document(await lot_plans.load_plan(await _find(slug)))


@post("/console/lots/{slug:str}/plan/save", request_max_body_size=DOCUMENT_BYTES_MAX, status_code=200)
async def save(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[dict[str, Any]]:
    """Save where spots were put. 409: somebody else changed the plan meanwhile."""
    lot = await _find(slug)
    document = await read_document(request)
    account = signed_in_account(request)
    loaded = document.get("version")
    try:
        width, height, marks = read_marks(document)
        outlines = {
            mark.spot_id: tuple((x * width, y * height) for x, y in mark.polygon)
            for mark in marks
            if mark.spot_id is not None
        }
        plan = await lot_plans.save_plan(
            clients,
            account.id if account else None,
            lot.id,
            loaded if type(loaded) is int else 0,
            outlines,
            (width, height),
            datetime.now(UTC),
        )
    except (MarksError, InvalidInputError) as error:
        return Response({"detail": str(error)}, status_code=error.status)
    except ConflictError as error:
        now = await lot_plans.load_plan(lot)
        return Response({"detail": str(error), "version": now.version}, status_code=error.status)
    return Response({"saved": {"sentence": "The plan is saved."}, "document": plan_document(plan)})


routes = [
    Router("/", route_handlers=[show_plan, show_document, save], guards=[needs(Right.SET_UP)], include_in_schema=False),
]
