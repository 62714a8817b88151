"""What is done to a camera now and then: areas never looked at, a new reference, another lot, taking it away; and what
it read last."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import frames as frame_rows
from parkhub.db import lot_ends as end_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import passages as passage_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import cameras, lot_ends
from parkhub.services.cameras import GateForm
from parkhub.web.camera_gate import in_form
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import must, needs
from parkhub.web.plates import sees_plates
from parkhub.web.templating import AnyRequest, page

PASSAGES_SHOWN: Final = 20
RATE_OVER: Final = timedelta(minutes=10)


async def _show(
    request: AnyRequest,
    camera: Camera,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
    status_code: int = 200,
) -> Template:
    frame = await frame_rows.latest_read(camera.id)
    others = [lot for lot in await lot_rows.list_lots() if lot.id != camera.lot_id]
    now = datetime.now(UTC)
    return page(
        request,
        "cameras/care.html",
        status_code=status_code,
        camera=camera,
        lot=await lot_rows.get_lot(camera.lot_id),
        frame=frame if not camera.watches_gate or sees_plates(request.user, camera.lot_id) else None,
        areas=camera.gate.excluded,
        given={**_usual(camera), **(given or {})},
        usual_keep_h=request.app.state.settings.frame_keep_h,
        picture_keep_days=(await rule_rows.get_rules(camera.lot_id)).picture_keep_days,
        errors=defaultdict(str, errors or {}),
        refused=refused,
        spots=await spot_rows.list_camera_spots(camera.id),
        lots=[(lot.slug, lot.name) for lot in others if request.user.may(Right.SET_UP, lot.id)],
        ties=await end_rows.count_camera_ties(camera.id),
        tied=lot_ends.in_words,
        rate=await frame_rows.count_since(camera.id, now - RATE_OVER) / (RATE_OVER.total_seconds() / 60),
        saved=request.query_params.get("saved", ""),
    )


def _usual(camera: Camera) -> dict[str, str]:
    return {
        "excluded": in_form(camera.gate)["excluded"],
        "lot": "",
        "sure": str(round(100 * camera.sure_min)),
        "read_sure": str(round(100 * camera.gate.sure_min)),
        "keep_h": "" if camera.keep_h is None else str(camera.keep_h),
    }


@get("/console/cameras/{public_id:str}/care", guards=[needs(Right.SET_UP)])
async def show_care(request: AnyRequest, public_id: FromPath[str]) -> Template:
    """The page for it."""
    return await _show(request, await cameras.find_camera(public_id))


@post("/console/cameras/{public_id:str}/areas", guards=[needs(Right.SET_UP)])
async def save_areas(request: AnyRequest, public_id: FromPath[str]) -> Response[Any] | Template:
    """Say which areas of its picture are never looked at."""
    camera, form = await cameras.find_camera(public_id), await request.form()
    given = {"excluded": str(form.get("excluded", "")).replace("\r\n", "\n").strip()}
    gate, rule = camera.gate, camera.debounce
    changed = GateForm(gate.role.value, gate.region, gate.inward.value, given["excluded"], gate.reads_min)
    try:
        await cameras.save_settings(
            public_id,
            camera.name,
            camera.engine.value,
            rule.agree,
            rule.window,
            camera.stale_after_s,
            enabled=camera.enabled,
            counts_vehicles=camera.counts_vehicles,
            gate=changed,
        )
    except FieldsError as error:
        return await _show(request, camera, given, error.fields, status_code=422)
    return Redirect(f"/console/cameras/{public_id}/care?saved=areas", status_code=303)


@post("/console/cameras/{public_id:str}/limits", guards=[needs(Right.SET_UP)])
async def save_limits(request: AnyRequest, public_id: FromPath[str]) -> Response[Any] | Template:
    """Say how sure it must be, and how long its pictures are kept."""
    camera, form = await cameras.find_camera(public_id), await request.form()
    given = {name: str(form.get(name, _usual(camera)[name])) for name in ("sure", "read_sure", "keep_h")}
    try:
        await cameras.save_limits(public_id, **given, account_id=request.user.id, now=datetime.now(UTC))
    except FieldsError as error:
        return await _show(request, camera, given, error.fields, status_code=422)
    return Redirect(f"/console/cameras/{public_id}/care?saved=limits", status_code=303)


@post("/console/cameras/{public_id:str}/lot", guards=[needs(Right.SET_UP)])
async def move(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> Response[Any] | Template:
    """Have it look at another lot."""
    camera, form = await cameras.find_camera(public_id), await request.form()
    slug = str(form.get("lot", ""))
    lot = await lot_rows.find_lot(slug)
    if lot is not None:
        must(request.user, Right.SET_UP, lot.id)
    try:
        await lot_ends.move_camera(clients, camera, slug, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        return await _show(request, camera, {"lot": slug}, error.fields, status_code=422)
    except ConflictError as error:
        return await _show(request, camera, refused=str(error), status_code=409)
    return Redirect(f"/console/cameras/{public_id}/care?saved=lot", status_code=303)


@post("/console/cameras/{public_id:str}/remove", guards=[needs(Right.SET_UP)])
async def remove(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> Response[Any] | Template:
    """Take it away; its name must be typed."""
    camera, form = await cameras.find_camera(public_id), await request.form()
    if str(form.get("typed", "")).strip() != camera.name:
        told = {"typed": f"Type {camera.name} to remove it."}
        return await _show(request, camera, errors=told, status_code=422)
    try:
        await lot_ends.remove_camera(clients, camera, request.user.id, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, camera, refused=str(error), status_code=409)
    return Redirect("/console/cameras", status_code=303)


@get("/console/cameras/{public_id:str}/reads", guards=[needs(Right.SEE_PLATES)])
async def show_reads(request: AnyRequest, public_id: FromPath[str]) -> Template:
    """What it read last: before any rule, after them, and what the pictures of one car agreed on."""
    camera = await cameras.find_camera(public_id)
    passages = await passage_rows.list_last(camera.id, PASSAGES_SHOWN)
    found = [(each, await passage_rows.list_reads(each.id)) for each in passages]
    lot = await lot_rows.get_lot(camera.lot_id)
    return page(request, "cameras/reads.html", camera=camera, lot=lot, passages=found)


routes = [
    Router(
        "/",
        route_handlers=[show_care, save_areas, save_limits, move, remove, show_reads],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
