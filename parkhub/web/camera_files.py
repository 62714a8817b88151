"""Files that staff send to a camera's page: a picture by hand, a file that marks the spots."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.rights import Right
from parkhub.domain.spots_file import kind_of
from parkhub.domain.text import whole_number
from parkhub.errors import InvalidInputError, TooLargeError, UnsupportedTypeError
from parkhub.services import cameras, frames, spots
from parkhub.web.cameras import show_camera
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest

FORM_BYTES_MAX: Final = 64 * 1024 * 1024
BOX_MAX: Final = 10_000
Refused = (InvalidInputError, TooLargeError, UnsupportedTypeError)


async def _read(form: Any, name: str) -> bytes:
    sent = form.get(name)
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InvalidInputError("Choose a file first.")
    return await sent.read()


@post("/console/cameras/{public_id:str}/picture", request_max_body_size=FORM_BYTES_MAX)
async def send_picture(
    request: AnyRequest,
    clients: GivenClients,
    settings: GivenSettings,
    public_id: FromPath[str],
) -> Response[Any] | Template:
    """Take a picture by hand, as if the camera had sent it now."""
    camera = await cameras.find_camera(public_id)
    try:
        picture = await _read(await request.form(), "picture")
        if len(picture) > settings.frame_bytes_max:
            raise TooLargeError(f"The picture is larger than {settings.frame_bytes_max // 1024**2} MB.")
        await frames.accept_by_hand(clients, settings, camera, picture, datetime.now(UTC))
    except Refused as error:
        return await show_camera(
            request, clients, settings, camera, errors={"picture": str(error)}, status_code=error.status
        )
    return Redirect(f"/console/cameras/{public_id}?sent=1", status_code=303)


@post("/console/cameras/{public_id:str}/spots/file", request_max_body_size=FORM_BYTES_MAX)
async def send_spots(
    request: AnyRequest,
    clients: GivenClients,
    settings: GivenSettings,
    public_id: FromPath[str],
) -> Response[Any] | Template:
    """Take a file that marks the spots; the page tells when it has been read."""
    camera = await cameras.find_camera(public_id)
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("box_width", "box_height")}
    try:
        data = await _read(form, "file")
        kind = kind_of(data)
        box = box_of(given) if kind is SpotsFileKind.CARPARKPOS else None
        await spots.request_import(clients, settings, camera.id, data, kind, datetime.now(UTC), box)
    except Refused as error:
        errors = {"file": str(error)}
        return await show_camera(
            request, clients, settings, camera, given=given, errors=errors, status_code=error.status
        )
    return Redirect(f"/console/cameras/{public_id}#spots", status_code=303)


def box_of(given: dict[str, str]) -> tuple[int, int] | None:
    """The size of a spot of a CarParkPos file, from a form; None: as usual. Raises InvalidInputError."""
    width, height = given["box_width"].strip(), given["box_height"].strip()
    if not width and not height:
        return None
    box = whole_number(width), whole_number(height)
    if box[0] is None or box[1] is None or not (0 < box[0] < BOX_MAX and 0 < box[1] < BOX_MAX):
        raise InvalidInputError("The size of a spot must be two whole numbers of pixels, such as 107 and 48.")
    return box[0], box[1]


routes = [
    Router("/", route_handlers=[send_picture, send_spots], guards=[needs(Right.SET_UP)], include_in_schema=False),
]
