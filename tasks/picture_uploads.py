"""The job that looks at pictures sent by hand, one after the other: spots, vehicles, plates, or a camera's."""

import asyncio
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import structlog
from PIL import Image

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import picture_uploads as rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.picture_uploads import ATTEMPTS_MAX, PictureUpload, PictureWish, UploadedPicture
from parkhub.domain.spots import SpotShape
from parkhub.errors import EngineError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.services import picture_uploads as service
from parkhub.services.picture_uploads import NO_CAMERA
from tasks.counting import find_vehicles
from tasks.engines import Engines
from tasks.vision.picture import Picture, decode

RUN_S: Final = 20.0
"""So long one job goes on with the next picture; then another one does."""
FULL_WAIT_S: Final = 2.0
BROKE: Final = "A fault in ParkHub; the log has the details."
KEEPS_BREAKING: Final = f"Looking at this picture broke off {ATTEMPTS_MAX} times."
NO_SPOTS: Final = "This camera has no spots marked yet. Mark them first."
NOT_FOUND_OUT: Final = "Nobody could look for vehicles; the log says why. Try again."

ORIENTATION: Final = 0x0112
_TURNS: Final[dict[int, Callable[[Picture], Picture]]] = {
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.transpose(1, 0, 2),
    6: lambda picture: np.rot90(picture, -1),
    7: lambda picture: np.rot90(picture, 2).transpose(1, 0, 2),
    8: lambda picture: np.rot90(picture, 1),
}

log = structlog.get_logger(__name__)


async def look_at_pictures(ctx: dict[str, Any], upload_id: int) -> None:
    """Look at what waits of an upload. Safe to run twice and beside itself: each picture has one result."""
    clients: Clients = ctx["clients"]
    loop = asyncio.get_running_loop()
    until_s = loop.time() + RUN_S
    try:
        upload = await rows.get_upload(upload_id)
    except NotFoundError:
        return  # deleted meanwhile
    while (picture := await service.take(upload_id, datetime.now(UTC))) is not None:
        await _look_at(ctx, upload, picture)
        if loop.time() > until_s:
            await service.ask(clients, upload_id, picture.id)
            return


async def _look_at(ctx: dict[str, Any], upload: PictureUpload, picture: UploadedPicture) -> None:
    """One picture. An edge: whatever it was, the person waiting must hear of it."""
    if picture.attempts > ATTEMPTS_MAX:
        await service.fail(picture, KEEPS_BREAKING, datetime.now(UTC))
        return
    try:
        camera = None if upload.camera_id is None else await camera_rows.get_camera(upload.camera_id)
        if upload.wish is PictureWish.CAMERA:
            await service.give_to_camera(ctx["clients"], ctx["settings"], camera, picture, datetime.now(UTC))
            return
        data = await ctx["clients"].pictures.get(picture.picture_key)
        pixels = await asyncio.to_thread(_upright, data)
        found = await _LOOKS[upload.wish](ctx["engines"], camera, pixels)
        height, width = pixels.shape[:2]
        await service.done(picture, {"size": [width, height], **found}, datetime.now(UTC))
    except asyncio.CancelledError:  # the worker stops
        await rows.put_back(picture.id, picture.attempts)
        raise
    except ParkHubError as error:
        if error.retryable:  # too many pictures wait, or something is away: this one comes again by itself
            await rows.put_back(picture.id, picture.attempts)
            await asyncio.sleep(FULL_WAIT_S)
            return
        await service.fail(picture, str(error), datetime.now(UTC))
    except Exception:
        log.exception("pictures.broke", picture=picture.id)
        await service.fail(picture, BROKE, datetime.now(UTC))


def _upright(data: bytes) -> Picture:
    """The picture as people see it: a telephone notes in the file how it was held (EXIF 2.32, orientation)."""
    picture = decode(data)
    with Image.open(io.BytesIO(data)) as file:
        turned = _TURNS.get(file.getexif().get(ORIENTATION, 1))
    return picture if turned is None else np.ascontiguousarray(turned(picture))


async def _spots(engines: Engines, camera: Camera | None, picture: Picture) -> dict[str, Any]:
    if camera is None:
        raise InvalidInputError(NO_CAMERA)
    height, width = picture.shape[:2]
    if misfit := camera.misfit(width, height):
        raise InvalidInputError(misfit)
    spots = [spot.shape for spot in await spot_rows.list_camera_spots(camera.id)]
    if not spots:
        raise InvalidInputError(NO_SPOTS)
    engine = await engines.get(camera.engine, camera.head_id)
    look = await asyncio.to_thread(engine.look, picture, spots, None)
    polygons = {spot.name: spot.polygon for spot in spots}
    return {
        "spots": [
            {"name": seen.spot, "polygon": polygons[seen.spot], "state": seen.state.value, "sure": seen.confidence}
            for seen in look.observations
        ]
    }


async def _vehicles(engines: Engines, camera: Camera | None, picture: Picture) -> dict[str, Any]:
    spots: list[SpotShape] = []
    if camera is not None:
        spots = [spot.shape for spot in await spot_rows.list_camera_spots(camera.id)]
    found = await asyncio.to_thread(find_vehicles, await engines.finder(), picture, spots)
    if found is None:
        raise EngineError(NOT_FOUND_OUT)
    return {
        "vehicles": [
            {"kind": each.kind.value, "sure": each.confidence, "box": _share(each.box, picture)} for each in found
        ]
    }


async def _plates(engines: Engines, camera: Camera | None, picture: Picture) -> dict[str, Any]:
    reader = await engines.reader()
    region, excluded = (camera.gate.region, camera.gate.excluded) if camera is not None else ("auto", ())
    found = await asyncio.to_thread(reader.read, picture, region, excluded)
    return {
        "plates": [
            {"text": read.text, "sure": read.confidence, "box": _share(read.box, picture), "raw": read.raw[:1]}
            for read in found
        ]
    }


def _share(box: tuple[float, float, float, float], picture: Picture) -> list[float]:
    """A box in 0..1 of the picture."""
    height, width = picture.shape[:2]
    return [box[0] / width, box[1] / height, box[2] / width, box[3] / height]


_LOOKS = {PictureWish.SPOTS: _spots, PictureWish.VEHICLES: _vehicles, PictureWish.PLATES: _plates}
