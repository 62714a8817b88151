"""The form that brings pictures: each goes to the picture store as it comes; sentences go back to the person."""

from dataclasses import dataclass, field

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.domain.accounts import Account
from parkhub.domain.cameras import Camera
from parkhub.domain.picture_uploads import PICTURES_MAX, NewPicture, PictureWish
from parkhub.domain.rights import Right
from parkhub.errors import FieldsError, TooLargeError
from parkhub.services import picture_uploads as service
from parkhub.services.recording_uploads import check_room
from parkhub.settings import Settings
from parkhub.web.multipart import Part, read_parts
from parkhub.web.recording_form import size_words
from parkhub.web.templating import AnyRequest

_SLACK_BYTES = 1_000_000  # the form's own words around the files


@dataclass(slots=True)
class GivenPictures:
    """What the person chose, to show it again beside what is wrong."""

    wish: str = PictureWish.SPOTS
    camera: str = ""
    pictures: list[NewPicture] = field(default_factory=list)


async def receive(
    request: AnyRequest, settings: Settings, clients: Clients, folder: str, given: GivenPictures
) -> tuple[PictureWish, Camera | None]:
    """Read the form; files end in ``folder``, the rest in ``given`` as it comes. The caller removes the folder.

    A file that is no picture is kept in ``given`` with its sentence. Raises FieldsError, TooLargeError, BusyError,
    InvalidInputError.
    """
    announced = int(request.headers.get("content-length") or 0)
    if announced > settings.recording_bytes_max + _SLACK_BYTES:
        most = size_words(settings.recording_bytes_max)
        raise TooLargeError(f"These pictures are larger than {most} together. Send fewer at once.")
    check_room(clients, announced)
    total = 0
    async for part in read_parts(request, PICTURES_MAX + 10):
        if part.name == "pictures" and part.filename:
            if len(given.pictures) >= PICTURES_MAX:
                raise TooLargeError(f"At most {PICTURES_MAX} pictures are taken at once. Send the rest afterwards.")
            data = await _read(part, settings.frame_bytes_max)
            total += len(data)
            if total > settings.recording_bytes_max:
                raise TooLargeError("These pictures are too large together. Send fewer at once.")
            given.pictures.append(await service.keep(clients, settings, folder, part.filename, data))
        elif part.filename is None and part.name in ("wish", "camera"):
            setattr(given, part.name, (await part.text()).strip())
    return await _check(request.user, given)


async def _read(part: Part, bytes_max: int) -> bytes:
    """A file in memory; of one that is too large only so much that it shows."""
    found = bytearray()
    async for chunk in part.chunks():
        if len(found) <= bytes_max:
            found += chunk
    return bytes(found[: bytes_max + 1])


async def _check(account: Account, given: GivenPictures) -> tuple[PictureWish, Camera | None]:
    wrong: dict[str, str] = {}
    if not given.pictures:
        wrong["pictures"] = "Choose one picture or more."
    wish = PictureWish(given.wish) if given.wish in list(PictureWish) else None
    if wish is None:
        wrong["wish"] = "Choose what to do from the list."
    elif wish is PictureWish.PLATES and not account.may(Right.SEE_PLATES):
        wrong["wish"] = "You have no right to see plates. Choose something else."
    camera = await camera_rows.find_camera(given.camera) if given.camera else None
    if given.camera and camera is None:
        wrong["camera"] = "Choose a camera from the list."
    elif camera is None and wish in (PictureWish.CAMERA, PictureWish.SPOTS):
        wrong["camera"] = "Choose the camera."
    if wrong or wish is None:
        raise FieldsError(wrong)
    return wish, camera
