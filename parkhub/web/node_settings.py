"""What a node is to do, in the console: the form, its versions, and bringing one back."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import frames as frame_rows
from parkhub.db import lots as lot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.edge import can_recognise
from parkhub.domain.node_configurations import DAYS
from parkhub.domain.node_limits import BOUNDS
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import cameras, node_configurations
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.node_forms import (
    DAY_NAMES,
    FOCI,
    MODES,
    NIGHTS,
    in_form,
    name_of,
    read_document,
    read_given,
    with_room,
)
from parkhub.web.node_view import load_node
from parkhub.web.plates import sees_plates
from parkhub.web.templating import AnyRequest, page

VERSIONS_SHOWN: Final = 20


async def _show(
    request: AnyRequest,
    camera: Camera,
    given: dict[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
    status_code: int = 200,
) -> Template:
    now, lot = datetime.now(UTC), await lot_rows.get_lot(camera.lot_id)
    newest = await node_configurations.current(camera, now)
    hidden = camera.watches_gate and not sees_plates(request.user, camera.lot_id)
    view = await load_node(camera, lot, now)
    return page(
        request,
        "nodes/settings.html",
        status_code=status_code,
        view=view,
        frame=None if hidden else await frame_rows.latest_read(camera.id),
        newest=newest,
        given=with_room(given) if given else in_form(newest.document),
        errors=defaultdict(str, errors or {}),
        refused=refused,
        bounds={name_of(path): bound for path, bound in BOUNDS.items()},
        modes=MODES,
        nights=NIGHTS,
        foci=FOCI,
        recognises=can_recognise(camera),
        days=[(day, DAY_NAMES[day]) for day in DAYS],
        versions=view.versions[:VERSIONS_SHOWN],
        saved=request.query_params.get("saved", ""),
    )


@get("/console/cameras/{public_id:str}/node/settings")
async def show(request: AnyRequest, public_id: FromPath[str]) -> Template:
    """The form and its versions."""
    return await _show(request, await cameras.find_camera(public_id))


@post("/console/cameras/{public_id:str}/node/settings")
async def save(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> Response[Any] | Template:
    """Let it hold from the node's next heartbeat on, or show what is wrong."""
    camera, form = await cameras.find_camera(public_id), await request.form()
    given = read_given(form, lambda name: form.getall(name, []))
    try:
        document = read_document(given)
        version = await node_configurations.save(clients, camera, document, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        errors = {name_of(path): words for path, words in error.fields.items()}
        return await _show(request, camera, given, errors, status_code=422)
    except ConflictError as error:
        return await _show(request, camera, given, refused=str(error), status_code=409)
    return Redirect(f"/console/cameras/{public_id}/node/settings?saved={version.number}", status_code=303)


@post("/console/cameras/{public_id:str}/node/settings/{version:int}")
async def restore(
    request: AnyRequest, clients: GivenClients, public_id: FromPath[str], version: FromPath[int]
) -> Response[Any] | Template:
    """Bring a version back as a new one."""
    camera = await cameras.find_camera(public_id)
    try:
        found = await node_configurations.restore(clients, camera, version, request.user.id, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, camera, refused=str(error), status_code=409)
    return Redirect(f"/console/cameras/{public_id}/node/settings?saved={found.number}", status_code=303)


routes = [
    Router("/", route_handlers=[show, save, restore], guards=[needs(Right.SET_UP)], include_in_schema=False),
]
