"""What each place of a lot is just now, on its camera's picture; a person corrects it by one press."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.db import accounts as account_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spot_labels as label_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.corrections import SpotLabel
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.text import row_number
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.services.corrections import correct_spot, undo_correction
from parkhub.web.api_answers import find_lot
from parkhub.web.dependencies import GivenClients
from parkhub.web.file_answer import answer_file
from parkhub.web.guards import needs
from parkhub.web.spot_states_view import compare, is_fresh, load_places
from parkhub.web.templating import AnyRequest, page

CHANGES_SHOWN: Final = 15
_ANEW: Final = Response(b"", headers={"HX-Refresh": "true"})
WORDS: Final = {"free": False, "occupied": True}


@get("/console/lots/{slug:str}/states")
async def show(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Template:
    """Every place of one camera with its state, and what changed last."""
    return await _show(request, clients, await find_lot(slug))


async def _show(
    request: AnyRequest, clients: Clients, lot: Lot, error: str = "", public_id: str = "", status_code: int = 200
) -> Template:
    now = datetime.now(UTC)
    public_id = public_id or request.query_params.get("camera", "")
    said = await _said(lot, row_number(request.query_params.get("said", "")))
    return page(
        request,
        "spot_states/index.html",
        status_code=status_code,
        **{
            **await load_places(clients, lot, public_id, now),
            "said": said,
            "undone": request.query_params.get("undone") == "1",
        },
        changes=await _changes(lot),
        error=error,
    )


async def _said(lot: Lot, label_id: int | None) -> SpotLabel | None:
    """The word that the address names, if it still stands."""
    if label_id is None:
        return None
    try:
        label = await label_rows.get_label(label_id)
    except NotFoundError:
        return None
    return label if label.lot_id == lot.id else None


async def _changes(lot: Lot) -> Sequence[dict[str, Any]]:
    names = {camera.id: camera.name for camera in await camera_rows.list_cameras(lot.id)}
    people = {each.id: each.name for each in await account_rows.list_people()}
    return [
        {
            "change": each,
            "by": people.get(each.account_id or 0, "by hand") if each.by_hand else names.get(each.camera_id or 0, ""),
        }
        for each in await spot_rows.list_changes(lot.id, CHANGES_SHOWN)
    ]


@get("/console/lots/{slug:str}/states/grid")
async def show_grid(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """What an open page lacks, which says what it has; it loads itself anew when places came or went."""
    given = request.query_params
    found = await load_places(clients, await find_lot(slug), given.get("camera", ""), datetime.now(UTC))
    try:
        lacking = compare(found, given.get("had", ""))
    except ConflictError:
        return _ANEW
    if lacking is None:
        return Response(b"", status_code=204)
    return page(request, "spot_states/_changed.html", **lacking)


@get("/console/lots/{slug:str}/states/pictures/{frame_id:int}")
async def show_picture(
    request: AnyRequest, clients: GivenClients, slug: FromPath[str], frame_id: FromPath[int]
) -> Response[Any]:
    """The very picture that the places are shown in; never a gate's."""
    lot, frame = await find_lot(slug), await frame_rows.get_frame(frame_id)
    camera = await camera_rows.get_camera(frame.camera_id)
    if camera.lot_id != lot.id or camera.watches_gate or not frame.has_picture:
        raise NotFoundError("There is no such picture.")
    return answer_file(request, clients.pictures.path(frame.picture_key), frame.media_type)


@post("/console/lots/{slug:str}/states/correct")
async def correct(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Take a person's word for one place: free or occupied in the picture shown, or now if that is old."""
    lot, form, now = await find_lot(slug), await request.form(), datetime.now(UTC)
    public_id, word = str(form.get("camera", "")), next((each for each in WORDS if each in form), "")
    try:
        if not word:
            raise InvalidInputError("Say free or occupied.")
        frame_id = await _about(lot, public_id, row_number(str(form.get("frame", ""))), now)
        label = await correct_spot(clients, request.user.id, lot.id, str(form[word]), WORDS[word], now, frame_id)
    except ParkHubError as error:
        return await _show(request, clients, lot, str(error), public_id, error.status)
    if request.headers.get("hx-request") == "true":
        return await _spoken(request, clients, lot, form, now, said=label)
    return _back(slug, camera=public_id, said=label.id)


async def _about(lot: Lot, public_id: str, frame_id: int | None, now: datetime) -> int | None:
    """The picture that was looked at, if it still tells how the place is now; an old one proves nothing of now."""
    camera = next((each for each in await camera_rows.list_cameras(lot.id) if each.public_id == public_id), None)
    if camera is None or frame_id is None:
        return None
    frame = await frame_rows.get_frame(frame_id)
    return frame.id if frame.camera_id == camera.id and is_fresh(camera, frame, now) else None


@post("/console/lots/{slug:str}/states/undo")
async def undo(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Take a word back."""
    lot, form, now = await find_lot(slug), await request.form(), datetime.now(UTC)
    public_id = str(form.get("camera", ""))
    try:
        await undo_correction(clients, request.user.id, lot.id, row_number(str(form.get("label", ""))) or 0, now)
    except ParkHubError as error:
        return await _show(request, clients, lot, str(error), public_id, error.status)
    if request.headers.get("hx-request") == "true":
        return await _spoken(request, clients, lot, form, now, undone=True)
    return _back(slug, camera=public_id, undone=1)


async def _spoken(
    request: AnyRequest, clients: Clients, lot: Lot, form: Any, now: datetime, **told: Any
) -> Response[Any] | Template:
    """What has changed by a word, and by itself meanwhile."""
    found = await load_places(clients, lot, str(form.get("camera", "")), now)
    try:
        lacking = compare(found, str(form.get("had", ""))) or {**found, "changed": [], "new_picture": False}
    except ConflictError:
        return _ANEW
    return page(request, "spot_states/_changed.html", **{**lacking, **told, "spoken": True})


def _back(slug: str, **said: Any) -> Redirect:
    return Redirect(f"/console/lots/{slug}/states?{urlencode(said)}", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[show, show_grid, show_picture, correct, undo],
        guards=[needs(Right.SET_UP)],
        include_in_schema=False,
    )
]
