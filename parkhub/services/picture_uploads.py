"""Pictures sent by hand: kept, looked at one after the other, or given to a camera; with every result kept."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.picture_proof import EXTENSIONS, inspect
from parkhub.clients.queue import QueueName
from parkhub.db import picture_uploads as rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.picture_uploads import NewPicture, PictureUpload, PictureWish, UploadedPicture
from parkhub.errors import BusyError, ConflictError, InvalidInputError, ParkHubError, TooLargeError
from parkhub.services import frames
from parkhub.settings import Settings

FOLDER: Final = "uploads"
JOB: Final = "look_at_pictures"
STALLED_S: Final = 60.0
ABANDONED_S: Final = 86_400.0
NAME_LENGTH_MAX: Final = 120
NO_CAMERA: Final = "The camera is no longer there. Send the picture again for another one."
PLATES_KEPT: Final = timedelta(days=LotRules().picture_keep_days)
"""So long pictures are kept that were searched for plates, as those of gates are where a lot has no rule of its own."""

log = structlog.get_logger(__name__)


def new_folder() -> str:
    """Where pictures sent together lie: a key prefix that nothing has used."""
    return f"{FOLDER}/{secrets.token_hex(16)}"


async def keep(clients: Clients, settings: Settings, folder: str, name: str, data: bytes) -> NewPicture:
    """Keep a file if it is a picture; else the answer says why not. Raises BusyError when the disk is full."""
    shown = "".join(letter for letter in name if letter.isprintable())[-NAME_LENGTH_MAX:] or "picture"
    try:
        if len(data) > settings.frame_bytes_max:
            raise TooLargeError(f"The picture is larger than {settings.frame_bytes_max // 1024**2} MB.")
        info = await asyncio.to_thread(inspect, data, settings.frame_pixels_max)
    except ParkHubError as error:
        return NewPicture(shown, error=str(error))
    key = f"{folder}/{secrets.token_hex(8)}.{EXTENSIONS[info.media_type]}"
    await clients.pictures.put(key, data)
    return NewPicture(shown, key, info.media_type, info.width, info.height)


async def request_looks(
    clients: Clients,
    account_id: int,
    wish: PictureWish,
    camera: Camera | None,
    pictures: Sequence[NewPicture],
    now: datetime,
) -> PictureUpload:
    """Have kept pictures looked at. Without a queue they wait: `requeue_stalled` sends them later."""
    async with transaction():
        upload = await rows.add_upload(account_id, camera.id if camera else None, wish, pictures, now)
    log.info("pictures.sent", upload=upload.id, wish=wish.value, count=len(pictures))
    await ask(clients, upload.id)
    return upload


async def ask(clients: Clients, upload_id: int, after: int = 0) -> bool:
    """Have an upload's pictures looked at, those that wait; ``after``: the picture a job ended with."""
    job_id = f"pictures-{upload_id}-{after}"
    try:
        return await clients.queue.enqueue(JOB, upload_id, job_id=job_id, queue=QueueName.PICTURES)
    except BusyError:
        log.warning("pictures.queue_away", upload=upload_id)
        return False


async def take(upload_id: int, now: datetime) -> UploadedPicture | None:
    """Begin with the next picture that waits; None when there is none."""
    return await rows.take_picture(upload_id, now, now - timedelta(seconds=STALLED_S))


async def done(picture: UploadedPicture, result: dict[str, Any], now: datetime) -> bool:
    """Keep what was found; False: it is not ours any more."""
    return await rows.finish_picture(picture, result, "", now)


async def fail(picture: UploadedPicture, error: str, now: datetime) -> bool:
    """Keep the sentence that says why nothing was found."""
    log.warning("pictures.failed", picture=picture.id, reason=error)
    return await rows.finish_picture(picture, None, error, now)


async def give_to_camera(
    clients: Clients, settings: Settings, camera: Camera | None, picture: UploadedPicture, now: datetime
) -> None:
    """Make it the camera's newest picture; no copy is kept, it goes when the camera's pictures do.

    The same picture given twice, because a job was killed, is one of the camera's. Raises what `frames.accept_frame`
    raises, and InvalidInputError without a camera.
    """
    if camera is None:
        raise InvalidInputError(NO_CAMERA)
    data = await clients.pictures.get(picture.picture_key)
    accepted = await frames.accept_uploaded(clients, settings, camera, picture.id, data, now)
    if await done(picture, {"frame": accepted.frame.id}, now):
        await rows.forget_file(picture.id)
        await clients.pictures.delete(picture.picture_key)


async def try_failed_again(clients: Clients, upload_id: int) -> int:
    """Look once more at what failed. Raises NotFoundError, ConflictError when nothing can be tried again."""
    await rows.get_upload(upload_id)
    async with transaction():
        again = await rows.wait_again(upload_id)
    if not again:
        raise ConflictError("None of these pictures can be tried again. Send those that were not taken once more.")
    await ask(clients, upload_id)
    return again


async def delete(clients: Clients, upload_id: int) -> None:
    """Delete pictures with all that was found in them. Raises NotFoundError."""
    await rows.get_upload(upload_id)
    keys = [each.picture_key for each in await rows.list_pictures(upload_id) if each.picture_key]
    await rows.delete_upload(upload_id)
    for key in keys:
        await clients.pictures.delete(key)


async def requeue_stalled(clients: Clients, now: datetime) -> int:
    """Ask again for uploads whose job got lost; answers how many."""
    sent = 0
    for upload_id in await rows.list_unfinished(now - timedelta(seconds=STALLED_S)):
        sent += await ask(clients, upload_id)
    return sent


async def delete_old(clients: Clients, now: datetime) -> int:
    """Delete pictures that were searched for plates and are past their time; answers how many uploads."""
    old = await rows.list_old(PictureWish.PLATES, now - PLATES_KEPT)
    for upload_id in old:
        await delete(clients, upload_id)
    return len(old)


async def delete_abandoned(clients: Clients) -> int:
    """Delete files older than a day that no picture knows; answers how many."""
    old = await clients.pictures.list_older(FOLDER, ABANDONED_S)
    known = await rows.list_keys()  # read after the files: a row comes after its own
    lost = [key for key in old if key not in known]
    for key in lost:
        await clients.pictures.delete(key)
    return len(lost)
