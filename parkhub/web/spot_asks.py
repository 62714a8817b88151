"""What the spot editor asks while somebody draws: the engine's opinion of outlines, suggestions, what a file says."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.rights import Right
from parkhub.domain.spot_marks import read_marks
from parkhub.domain.spots import Polygon
from parkhub.domain.spots_file import kind_of
from parkhub.errors import InvalidInputError
from parkhub.services import cameras, spot_asks, stands
from parkhub.web.camera_files import FORM_BYTES_MAX, box_of
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.spots import DOCUMENT_BYTES_MAX, read_document
from parkhub.web.templating import AnyRequest

KEY_LENGTH_MAX: Final = 40


@post("/console/cameras/{public_id:str}/spots/asks/look", request_max_body_size=DOCUMENT_BYTES_MAX)
async def ask_to_look(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> dict[str, str]:
    """Ask how the engine judges the drawn outlines of a document, each by its ``key``."""
    camera = await cameras.find_camera(public_id)
    document = await read_document(request)
    _, _, marks = read_marks(document)
    keys = [str(row.get("key", ""))[:KEY_LENGTH_MAX] for row in document["spots"]]
    shapes = dict(zip(keys, (mark.polygon for mark in marks), strict=True))
    return {"uid": await spot_asks.ask_to_look(clients, camera.id, shapes, datetime.now(UTC))}


@post("/console/cameras/{public_id:str}/spots/asks/rows", request_max_body_size=DOCUMENT_BYTES_MAX)
async def ask_for_rows(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> dict[str, str]:
    """Ask for places by the rows of vehicles in the newest picture, where a document draws none."""
    camera = await cameras.find_camera(public_id)
    return {"uid": await spot_asks.ask_for_rows(clients, camera.id, await _drawn(request), datetime.now(UTC))}


async def _drawn(request: AnyRequest) -> list[Polygon]:
    _, _, marks = read_marks(await read_document(request))
    return [mark.polygon for mark in marks]


@post("/console/cameras/{public_id:str}/spots/asks/file", request_max_body_size=FORM_BYTES_MAX)
async def ask_to_read(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, public_id: FromPath[str]
) -> dict[str, str]:
    """Ask what a mask, SPOTS.json or CarParkPos file says; nothing is the camera's by that."""
    camera = await cameras.find_camera(public_id)
    form = await request.form()
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InvalidInputError("Choose a file first.")
    data = await sent.read()
    kind = kind_of(data)
    given = {name: str(form.get(name, "")) for name in ("box_width", "box_height")}
    box = box_of(given) if kind is SpotsFileKind.CARPARKPOS else None
    uid = await spot_asks.ask_to_read(clients, settings, camera.id, data, kind, datetime.now(UTC), box)
    return {"uid": uid}


@get("/console/cameras/{public_id:str}/spots/asks/{uid:str}")
async def show_answer(public_id: FromPath[str], uid: FromPath[str]) -> Response[Any]:
    """An answer, or why there is none; 204 while nobody has answered."""
    camera = await cameras.find_camera(public_id)
    ask = await spot_asks.get_ask(camera.id, uid)
    if ask.answered_at is None:
        return Response(b"", status_code=204)
    return Response({"answer": ask.answer, "error": ask.error})


@post("/console/cameras/{public_id:str}/spots/suggestions", request_max_body_size=DOCUMENT_BYTES_MAX, status_code=200)
async def show_suggestions(request: AnyRequest, public_id: FromPath[str]) -> dict[str, Any]:
    """Places by where vehicles stood over the last days, in 0..1 of the picture, where a document draws none."""
    camera = await cameras.find_camera(public_id)
    found = await stands.suggest(camera.id, await _drawn(request), datetime.now(UTC))
    polygons: list[Polygon] = list(found.polygons)
    return {"polygons": polygons, "samples": found.samples, "days": found.days, "counts": camera.counts_vehicles}


routes = [
    Router(
        "/",
        route_handlers=[ask_to_look, ask_for_rows, ask_to_read, show_answer, show_suggestions],
        guards=[needs(Right.SET_UP)],
        include_in_schema=False,
    )
]
