"""A camera's pages: adding it, its last picture with its spots, its settings, its key."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import counts as count_rows
from parkhub.db import frames as frame_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spot_imports as import_rows
from parkhub.db import spots as spot_rows
from parkhub.db import troubles as trouble_rows
from parkhub.domain.accounts import Account
from parkhub.domain.cameras import Camera, CameraRole
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.errors import FieldsError, ForbiddenError, NotFoundError
from parkhub.services import cameras, lots
from parkhub.services.cameras import GateForm
from parkhub.settings import Settings
from parkhub.web.camera_gate import REGION_CHOICES, ROLES, WAYS, in_form, read_form, whole_number
from parkhub.web.camera_view import CameraView, load_view, outlines
from parkhub.web.counts import in_words
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.engine_choices import engine_choices
from parkhub.web.file_answer import answer_file
from parkhub.web.guards import NO_RIGHT, needs
from parkhub.web.node_requests import server_of
from parkhub.web.node_view import load_node
from parkhub.web.plates import sees_plates
from parkhub.web.templating import AnyRequest, page

LOOKS_SHOWN: Final = 8
RENEW_S: Final = 20
TROUBLES_SHOWN: Final = 5
GATE_FIELDS: Final = ("role", "region", "inward", "reads_min", "excluded")
SETTINGS_FIELDS: Final = ("name", "engine", "agree", "window", "stale_after_s", *GATE_FIELDS)


@get("/console/cameras")
async def list_all(request: AnyRequest) -> Template:
    """Every camera of every lot."""
    now = datetime.now(UTC)
    views: list[CameraView] = []
    for lot in await lot_rows.list_lots():
        if not request.user.may(Right.READ, lot.id):
            continue
        marked = Counter(spot.camera_id for spot in await spot_rows.list_spots(lot.id))
        cameras = await camera_rows.list_cameras(lot.id)
        views += [await load_view(camera, lot, marked[camera.id], now) for camera in cameras]
    return page(request, "cameras/index.html", cameras=views, any_lot=bool(await _own_lots(request)))


async def _own_lots(request: AnyRequest) -> list[Lot]:
    return [lot for lot in await lot_rows.list_lots() if request.user.may(Right.SET_UP, lot.id)]


async def _new_form(
    request: AnyRequest, given: dict[str, str], errors: dict[str, str], status_code: int = 200
) -> Template:
    choices = [(lot.slug, lot.name) for lot in await _own_lots(request)]
    context = {"given": given, "errors": defaultdict(str, errors), "lots": choices, "engines": engine_choices()}
    return page(request, "cameras/new.html", status_code=status_code, roles=ROLES, **context)


@get("/console/cameras/new", guards=[needs(Right.SET_UP)])
async def show_new(request: AnyRequest) -> Response[Any] | Template:
    """The form for a new camera; without any lot, the form for a lot comes first."""
    if not await _own_lots(request):
        return Redirect("/console/lots/new", status_code=303)
    given = {"lot": request.query_params.get("lot", ""), "name": "", "engine": "", "role": CameraRole.OVERVIEW.value}
    return await _new_form(request, given, {})


@post("/console/cameras/new", guards=[needs(Right.SET_UP)])
async def add(request: AnyRequest, settings: GivenSettings) -> Template:
    """Add the camera and show its key, this once, with the command that uses it."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("lot", "name", "engine", "role")}
    if given["lot"] not in [lot.slug for lot in await _own_lots(request)]:
        return await _new_form(request, given, {"lot": "Choose a lot from the list."}, 422)
    try:
        gate = GateForm(role=given["role"] or CameraRole.OVERVIEW.value)
        camera, key = await cameras.create_camera(given["lot"], given["name"], given["engine"], gate=gate)
    except FieldsError as error:
        return await _new_form(request, given, error.fields, 422)
    return _show_key(request, settings, camera, key, 201)


def _show_key(request: AnyRequest, settings: Settings, camera: Camera, key: str, status_code: int = 200) -> Template:
    context = {"camera": camera, "key": key, "server": server_of(request, settings), "fresh": status_code == 201}
    shown = page(request, "cameras/key.html", status_code=status_code, **context)
    # Reloading must not make another camera or key.
    shown.headers["hx-push-url"] = f"/console/cameras/{camera.public_id}"
    return shown


@post("/console/cameras/{public_id:str}/key", status_code=200, guards=[needs(Right.SET_UP)])
async def rotate_key(request: AnyRequest, settings: GivenSettings, public_id: FromPath[str]) -> Template:
    """Give the camera a new key and show it, this once."""
    camera = await cameras.find_camera(public_id)
    return _show_key(request, settings, camera, await cameras.rotate_key(camera, request.user.id, datetime.now(UTC)))


async def seen(clients: Clients, camera: Camera, account: Account) -> dict[str, Any]:
    """What a camera saw last: its newest read picture with the spots, its last looks, its last spots file.

    A gate's picture only for who may see plates.
    """
    now = datetime.now(UTC)
    lot = await lot_rows.get_lot(camera.lot_id)
    spots = await lots.camera_spots(camera, now)
    hidden = camera.watches_gate and not sees_plates(account, camera.lot_id)
    read = None if hidden else await frame_rows.latest_read(camera.id)
    if read is not None and not await asyncio.to_thread(clients.pictures.path(read.picture_key).is_file):
        read = None  # the row may outlive its picture
    looks = await frame_rows.list_frames(camera.id, LOOKS_SHOWN)
    spot_import = await import_rows.latest_spot_import(camera.id)
    view = await load_view(camera, lot, len(spots), now)
    count = await count_rows.latest_count(camera.id)
    troubles = await trouble_rows.list_troubles(camera.id, TROUBLES_SHOWN)
    shift = camera.shift if read is not None and read.id == camera.last_frame_id and view.trouble is None else None
    told = (
        view.badge,
        count and in_words(count),
        [(trouble.trouble, trouble.ended_at) for trouble in troubles],
        read and read.id,
        [(look.id, look.status) for look in looks],
        spot_import and (spot_import.id, spot_import.status),
        [known.track.state for known in spots],
        now.timestamp() // RENEW_S,  # "4 min ago" must not stand still
    )
    return {
        "version": hashlib.sha256(repr(told).encode()).hexdigest()[:12],
        "camera": camera,
        "lot": lot,
        "view": view,
        "shown": read,
        "picture": outlines(read, spots, shift),
        "counted": in_words(count) if count else "",
        "troubles": troubles,
        "spots": spots,
        "looks": looks,
        "spot_import": spot_import,
        "now": now,
    }


async def show_camera(
    request: AnyRequest,
    clients: Clients,
    settings: Settings,
    camera: Camera,
    *,
    given: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Template:
    """A camera's page; ``given`` and ``errors`` bring back a form that was not right."""
    gate = in_form(camera.gate)
    kept = {
        "name": camera.name,
        "engine": camera.engine.value,
        "agree": str(camera.debounce.agree),
        "window": str(camera.debounce.window),
        "stale_after_s": f"{camera.stale_after_s:g}",
        "enabled": camera.enabled,
        "counts_vehicles": camera.counts_vehicles,
        **gate,
        "excluded_before": gate["excluded"],
        "box_width": "",
        "box_height": "",
    }
    context = {
        **await seen(clients, camera, request.user),
        "given": {**kept, **(given or {})},
        "errors": defaultdict(str, errors or {}),
        "server": server_of(request, settings),
        "node": await load_node(camera, await lot_rows.get_lot(camera.lot_id), datetime.now(UTC), slim=True),
        "engines": engine_choices(),
        "roles": ROLES,
        "regions": REGION_CHOICES,
        "ways": WAYS,
        "saved": request.query_params.get("saved") == "1",
        "accepted": request.query_params.get("view") == "1",
        "sent": _sent(camera) if request.query_params.get("sent") == "1" else "",
        "renewed": False,
    }
    return page(request, "cameras/camera.html", status_code=status_code, **context)


def _sent(camera: Camera) -> str:
    rule = camera.debounce
    looks = "each look counts" if rule.window == 1 else f"when {rule.agree} of {rule.window} looks agree"
    return f"The picture was taken. A spot changes{': ' if rule.window == 1 else ' '}{looks}."


@get("/console/cameras/{public_id:str}")
async def show(
    request: AnyRequest,
    clients: GivenClients,
    settings: GivenSettings,
    public_id: FromPath[str],
) -> Template:
    """A camera."""
    return await show_camera(request, clients, settings, await cameras.find_camera(public_id))


@get("/console/cameras/{public_id:str}/seen")
async def show_seen(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> Response[Any] | Template:
    """Only what it saw, for a page that renews itself; nothing when that page shows it already."""
    found = await seen(clients, await cameras.find_camera(public_id), request.user)
    if request.query_params.get("version") == found["version"]:
        return Response(b"", status_code=204)
    return page(request, "cameras/_seen.html", **found, renewed=True)


@post("/console/cameras/{public_id:str}/settings", guards=[needs(Right.SET_UP)])
async def save(
    request: AnyRequest,
    clients: GivenClients,
    settings: GivenSettings,
    public_id: FromPath[str],
) -> Response[Any] | Template:
    """Save the settings, or show what is wrong with them."""
    form = await request.form()
    given: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in SETTINGS_FIELDS}
    given |= {name: form.get(name) == "1" for name in ("enabled", "counts_vehicles")}
    if given["excluded"] == form.get("excluded_before"):  # not touched here: areas that were drawn meanwhile stay
        given["excluded"] = in_form((await cameras.find_camera(public_id)).gate)["excluded"]
    try:
        await cameras.save_settings(
            public_id,
            given["name"],
            given["engine"],
            whole_number(given["agree"]),
            whole_number(given["window"]),
            float(whole_number(given["stale_after_s"])),
            enabled=given["enabled"],
            counts_vehicles=given["counts_vehicles"],
            gate=read_form(given),
        )
    except FieldsError as error:
        camera = await cameras.find_camera(public_id)
        return await show_camera(request, clients, settings, camera, given=given, errors=error.fields, status_code=422)
    return Redirect(f"/console/cameras/{public_id}?saved=1#settings", status_code=303)


@get("/console/cameras/{public_id:str}/latest.jpg")
async def show_latest(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> Response[Any]:
    """The newest picture that was read, as it was sent (JPEG, PNG or WebP)."""
    camera = await cameras.find_camera(public_id)
    if camera.watches_gate and not sees_plates(request.user, camera.lot_id):
        raise ForbiddenError(NO_RIGHT)
    frame = await frame_rows.latest_read(camera.id)
    if frame is None:
        raise NotFoundError("No picture of this camera has been read yet.")
    return answer_file(request, clients.pictures.path(frame.picture_key), frame.media_type)


routes = [
    Router(
        "/",
        route_handlers=[list_all, show_new, add, rotate_key, show, show_seen, save, show_latest],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
