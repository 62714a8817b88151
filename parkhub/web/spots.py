"""The spot editor: a camera's spots drawn on its picture, saved as versions, restored, taken out as a file."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.db import lots as lot_rows
from parkhub.db import spot_versions as version_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.rights import Right
from parkhub.domain.spot_marks import MarksError, read_marks
from parkhub.domain.spot_versions import SpotVersion
from parkhub.domain.spots import SpotKind
from parkhub.domain.spots_export import spots_document
from parkhub.domain.text import whole_number
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import cameras, spot_versions
from parkhub.services.spot_versions import SpotsChangedError
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.lot_view import KINDS
from parkhub.web.spots_view import AnswersSource, load_drawing
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest, local, page, signed_in_account

VERSIONS_SHOWN: Final = 20
DOCUMENT_BYTES_MAX: Final = 8 * 1024 * 1024


@get("/console/cameras/{public_id:str}/spots")
async def show_editor(request: AnyRequest, public_id: FromPath[str]) -> Template:
    """The editor, which also shows without scripts what is drawn."""
    return await _show(request, await cameras.find_camera(public_id))


async def _show(request: AnyRequest, camera: Camera, error: str = "", status_code: int = 200) -> Template:
    lot = await lot_rows.get_lot(camera.lot_id)
    drawing = await load_drawing(camera)
    answers = (await AnswersSource(camera.id).read()).states
    return page(
        request,
        "spots/editor.html",
        status_code=status_code,
        camera=camera,
        lot=lot,
        drawing=drawing,
        answers=answers,
        versions=await version_rows.list_spot_versions(camera.id, VERSIONS_SHOWN),
        kinds=[(kind.value, KINDS[kind]) for kind in SpotKind],
        zones=sorted({spot.zone for spot in await spot_rows.list_spots(lot.id)} - {""}),
        saved=request.query_params.get("saved") == "1",
        restored=whole_number(request.query_params.get("restored", "")),
        error=error,
    )


@get("/console/cameras/{public_id:str}/spots/document")
async def show_document(public_id: FromPath[str]) -> dict[str, Any]:
    """What the editor's script begins with."""
    return (await load_drawing(await cameras.find_camera(public_id))).document


@post("/console/cameras/{public_id:str}/spots/save", request_max_body_size=DOCUMENT_BYTES_MAX, status_code=200)
async def save(request: AnyRequest, clients: GivenClients, public_id: FromPath[str]) -> Response[dict[str, Any]]:
    """Save what was drawn, a document in the form's field of that name. 409: somebody else saved meanwhile; 422: some
    spots are wrong, each with its sentence."""
    camera = await cameras.find_camera(public_id)
    document = await read_document(request)
    account = signed_in_account(request)
    try:
        loaded = document.get("version")
        if type(loaded) is not int:
            raise InvalidInputError("The version it was drawn from is missing. Load the page again.")
        width, height, marks = read_marks(document)
        version = await spot_versions.save_marks(
            clients, account.id if account else None, camera.id, loaded, (width, height), marks, datetime.now(UTC)
        )
    except MarksError as error:
        faults = [{"index": fault.index, "words": fault.words} for fault in error.faults]
        return Response({"detail": str(error), "faults": faults}, status_code=error.status)
    except SpotsChangedError as error:
        return Response({"detail": str(error), "version": error.latest.number}, status_code=error.status)
    lot = await lot_rows.get_lot(camera.lot_id)
    drawing = await load_drawing(await cameras.find_camera(public_id))
    told = _in_words(version, lot.time_zone)
    # Somebody else may have saved since: the page goes on from its own version, and is told of theirs.
    return Response({"saved": told, "document": {**drawing.document, "version": version.number}})


async def read_document(request: AnyRequest) -> dict[str, Any]:
    """The JSON document of a form, sent as a file or as text. Raises InvalidInputError."""
    sent = (await request.form()).get("document")
    data = await sent.read() if isinstance(sent, UploadFile) else str(sent or "").encode()
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError:
        raise InvalidInputError("The spots came in a form that cannot be read. Load the page again.") from None
    if not isinstance(document, dict):
        raise InvalidInputError("The spots came in a form that cannot be read. Load the page again.")
    return document


def _in_words(version: SpotVersion, time_zone: str) -> dict[str, Any]:
    return {
        "number": version.number,
        "words": version.words,
        "by": version.by,
        "at": local(version.saved_at, time_zone, "%d %b, %H:%M"),
        "count": version.spot_count,
    }


@post("/console/cameras/{public_id:str}/spots/versions/{number:int}/restore")
async def restore(
    request: AnyRequest, clients: GivenClients, public_id: FromPath[str], number: FromPath[int]
) -> Response[Any] | Template:
    """Make an earlier version the current one."""
    camera = await cameras.find_camera(public_id)
    account = signed_in_account(request)
    try:
        await spot_versions.restore(clients, account.id if account else None, camera.id, number, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, camera, str(error), error.status)
    return Redirect(f"/console/cameras/{public_id}/spots?restored={number}", status_code=303)


@get("/console/cameras/{public_id:str}/spots/versions/{number:int}")
async def show_version(public_id: FromPath[str], number: FromPath[int]) -> dict[str, Any]:
    """A version's spots, for the editor to draw from."""
    camera = await cameras.find_camera(public_id)
    version = await version_rows.find_spot_version(camera.id, number)
    if version is None or version.spots is None:
        raise NotFoundError("There is no such version, or it is no longer kept.")
    document = spots_document((version.width, version.height), [kept.spot for kept in version.spots])
    for row, kept in zip(document["spots"], version.spots, strict=True):
        row["spot"] = kept.spot_id
    return document


@get("/console/cameras/{public_id:str}/spots.json")
async def export(public_id: FromPath[str]) -> Response[bytes]:
    """SPOTS.json of what is saved, with the places on the map."""
    camera = await cameras.find_camera(public_id)
    lot = await lot_rows.get_lot(camera.lot_id)
    size = camera.marked_on or (await load_drawing(camera)).size
    spots = await spot_rows.list_camera_spots(camera.id)
    document = spots_document(size, spots, (lot.plan_width, lot.plan_height))
    headers = {"content-disposition": f'attachment; filename="spots-{camera.public_id}.json"'}
    return Response(msgspec.json.encode(document), media_type="application/json", headers=headers)


@get("/console/cameras/{public_id:str}/spots/events")
async def stream_answers(request: AnyRequest, public_id: FromPath[str]) -> ASGIApp:
    """Tell the editor what the engine says of the saved spots, then every change of that."""
    return await stream(request, AnswersSource((await cameras.find_camera(public_id)).id))


routes = [
    Router(
        "/",
        route_handlers=[show_editor, show_document, save, restore, show_version, export, stream_answers],
        guards=[needs(Right.SET_UP)],
        include_in_schema=False,
    )
]
