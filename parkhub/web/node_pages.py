"""Nodes in the console: all of them, what needs a look first, and one with its commands, its code and its key."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.node_commands import Action
from parkhub.domain.node_keys import CODE_HOLDS
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.secret_key import secret_key
from parkhub.services import cameras, node_commands, node_keys
from parkhub.settings import Settings
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.node_requests import server_of
from parkhub.web.node_view import NodeView, load_node, load_nodes
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest, page
from parkhub.web.watched import encode

HTMX: Final = "hx-request"


@dataclass(frozen=True)
class NodePageSource:
    """What is known of one node, for open pages: they are told that it has changed, and fetch it."""

    camera_id: int

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "node", self.camera_id

    async def read(self) -> NodeView:
        """See `Source`."""
        camera = await camera_rows.get_camera(self.camera_id)
        return await load_node(camera, await lot_rows.get_lot(camera.lot_id), datetime.now(UTC))

    def topics(self, view: NodeView) -> frozenset[str]:
        """See `Source`."""
        return frozenset({f"node:{view.camera.id}"})

    def tell(self, view: NodeView, before: NodeView | None) -> bytes | None:
        """See `Source`."""
        if before is not None and view.version == before.version:
            return None
        return encode("node", {"version": view.version})

    def due_s(self, view: NodeView) -> None:
        """See `Source`."""


async def _view(camera: Camera) -> NodeView:
    return await load_node(camera, await lot_rows.get_lot(camera.lot_id), datetime.now(UTC))


async def _show(
    request: AnyRequest, settings: Settings, camera: Camera, *, status_code: int = 200, **told: Any
) -> Template:
    context: dict[str, Any] = {"code": "", "refused": "", **told}
    shown = page(
        request,
        "nodes/node.html",
        status_code=status_code,
        view=await _view(camera),
        server=server_of(request, settings),
        minutes=int(CODE_HOLDS.total_seconds() // 60),
        **context,
    )
    shown.headers["cache-control"] = "no-store"
    return shown


@get("/console/nodes")
async def list_all(request: AnyRequest) -> Template:
    """Every camera's node, those that need a look first."""
    now, lots = datetime.now(UTC), {lot.id: lot for lot in await lot_rows.list_lots()}
    found = [each for each in await camera_rows.list_cameras() if request.user.may(Right.READ, each.lot_id)]
    views = sorted(await load_nodes(found, lots, now), key=lambda view: (view.urgency, view.camera.name))
    return page(request, "nodes/index.html", views=views)


@get("/console/cameras/{public_id:str}/node")
async def show(request: AnyRequest, settings: GivenSettings, public_id: FromPath[str]) -> Template:
    """One node."""
    return await _show(request, settings, await cameras.find_camera(public_id))


@get("/console/cameras/{public_id:str}/node/now")
async def show_now(request: AnyRequest, public_id: FromPath[str]) -> Template:
    """Only what changes by itself, for an open page."""
    return page(request, "nodes/_now.html", part=True, view=await _view(await cameras.find_camera(public_id)))


@get("/console/cameras/{public_id:str}/node/events", opt=NO_CSRF)
async def watch(request: AnyRequest, public_id: FromPath[str]) -> ASGIApp:
    """Tell an open page when something about the node changes."""
    return await stream(request, NodePageSource((await cameras.find_camera(public_id)).id))


@post("/console/cameras/{public_id:str}/node/code", status_code=200, guards=[needs(Right.SET_UP)])
async def make_code(request: AnyRequest, settings: GivenSettings, public_id: FromPath[str]) -> Template:
    """Make a code that enrols the node, and show it this once."""
    camera = await cameras.find_camera(public_id)
    code = await node_keys.make_code(camera, secret_key(settings), request.user.id, datetime.now(UTC))
    return await _show(request, settings, camera, code=code)


@post("/console/cameras/{public_id:str}/node/commands", status_code=200, guards=[needs(Right.SET_UP)])
async def ask(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, public_id: FromPath[str]
) -> Response[Any] | Template:
    """Ask the node for something; what becomes of it is told as it comes."""
    camera, form = await cameras.find_camera(public_id), await request.form()
    action = str(form.get("action", ""))
    if action not in list(Action):
        raise InvalidInputError("Choose what the node is to do.")
    try:
        await node_commands.ask(clients, camera, Action(action), request.user.id, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, settings, camera, refused=str(error), status_code=409)
    if HTMX in request.headers:
        return page(request, "nodes/_now.html", part=True, view=await _view(camera))
    return Redirect(f"/console/cameras/{public_id}/node#now", status_code=303)


@get("/console/cameras/{public_id:str}/node/log/{uid:str}", guards=[needs(Right.SET_UP)])
async def show_log(public_id: FromPath[str], uid: FromPath[str]) -> Response[bytes]:
    """Log lines that the node has reported, as a file."""
    camera = await cameras.find_camera(public_id)
    command = await node_commands.get_command(camera, uid)
    report = await node_commands.find_report(command) if command.action is Action.LOGS else None
    if report is None:
        raise NotFoundError("No log has come for this.")
    name = f"{camera.public_id}-{command.asked_at:%Y%m%d-%H%M%S}.log"
    headers = {"content-disposition": f'attachment; filename="{name}"', "x-content-type-options": "nosniff"}
    return Response(report.encode(), media_type="text/plain", headers=headers)


@post("/console/cameras/{public_id:str}/node/key", guards=[needs(Right.SET_UP)])
async def change_key(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, public_id: FromPath[str]
) -> Redirect:
    """Have the node take a new key, or offer it no longer."""
    camera, form, now = await cameras.find_camera(public_id), await request.form(), datetime.now(UTC)
    if form.get("do") == "cancel":
        await node_keys.cancel_change(clients, camera, request.user.id, now)
    else:
        await node_keys.begin_change(clients, camera, secret_key(settings), request.user.id, now)
    return Redirect(f"/console/cameras/{public_id}/node#key", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[list_all, show, show_now, watch, make_code, ask, show_log, change_key],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
