"""A frame's way in: who sends it, is it a picture, and may it be kept."""

import hashlib
import secrets
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from parkhub.clients import Clients
from parkhub.clients.picture_proof import EXTENSIONS, PictureInfo, inspect
from parkhub.clients.queue import QueueName
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.domain import signatures
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame, NewFrame
from parkhub.domain.signatures import SignedHeaders
from parkhub.errors import BusyError, ConflictError, ForbiddenError, SignatureError, UnsupportedTypeError
from parkhub.services import node_keys
from parkhub.settings import Settings

READ_FRAME = "read_frame"
PICTURES = "frames"
FULL_RETRY_S = 10
OFF = "This camera is switched off. Switch it on in the console."
REPLACED = "This key was replaced by another one on {at:%-d %B %Y at %H:%M} UTC, which holds since."
_NUMBERS = 2**40  # above all cameras' numbers there is room for those of each way by hand

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture with its place and time in a camera's row of pictures.

    ``media_type`` is what the sender says it is; None when the sender does not say. ``sequence`` is unique per camera.
    ``sha256`` is the picture's, hex. ``clock_unsure``: nobody knows when it was taken.
    ``proof``: says what it is, given the bytes and how many pixels are taken, or refuses it.
    """

    sequence: int
    captured_at: datetime
    picture: bytes
    sha256: str
    media_type: str | None
    now: datetime
    clock_unsure: bool = False
    proof: Callable[[bytes, int], PictureInfo] = inspect


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored frame; ``repeat`` when it had been stored before and nothing was changed."""

    frame: Frame
    repeat: bool


async def find_sender(camera_public_id: str, key: str, now: datetime) -> Camera:
    """The camera whose key this is, also while its key is being changed.

    Raises SignatureError, the same for no such camera and a wrong key; it says so to who has the key before this one.
    """
    camera = await camera_rows.find_camera(camera_public_id)
    try:
        signatures.check_key(camera.key_hash if camera else None, key)
    except SignatureError:
        if not await node_keys.takes(camera.id if camera else 0, signatures.hash_key(key), now):
            replaced_at = await node_keys.replaced_at(camera, key) if camera else None
            if replaced_at is not None:
                raise SignatureError(REPLACED.format(at=replaced_at.astimezone(UTC))) from None
            raise
    assert camera is not None  # or check_key had raised
    return camera


def check_sent(camera: Camera, method: str, path: str, headers: SignedHeaders, body_sha256: str, now: datetime) -> None:
    """Raise SignatureError for a signature that does not fit, ForbiddenError for a camera that is switched off."""
    signatures.check_signature(method, path, headers, body_sha256, now)
    if not camera.enabled:
        raise ForbiddenError(OFF)


async def accept_frame(clients: Clients, settings: Settings, camera: Camera, upload: Upload) -> Accepted:
    """Store a picture once and ask vision to read it; a repeat of the same picture changes nothing.

    Raises ConflictError (that sequence has other bytes), BusyError (too many wait), InvalidInputError (its time),
    UnsupportedTypeError, TooLargeError and PictureError (what its proof finds).
    """
    stored = await frame_rows.find_frame(camera.id, upload.sequence)
    if stored is not None:
        return _repeated(stored, upload.sha256)
    if not upload.clock_unsure:
        signatures.check_captured_at(upload.captured_at, upload.now)
    # A clock that ran ahead and was set right would make every later picture late.
    captured_at = max(min(upload.captured_at, upload.now), upload.now - signatures.CAPTURED_AGE_MAX)
    if await frame_rows.count_waiting() >= settings.frames_waiting_max:
        raise BusyError("Too many pictures wait to be read. Send it again later.", retry_after_s=FULL_RETRY_S)
    if await frame_rows.count_waiting(camera.id) >= settings.frames_waiting_per_camera_max:
        raise BusyError("Too many pictures of this camera wait. Send it again later.", retry_after_s=FULL_RETRY_S)
    info = await to_thread(upload.proof, upload.picture, settings.frame_pixels_max)
    if upload.media_type not in (None, info.media_type):
        raise UnsupportedTypeError(f"The picture is {info.media_type} but was sent as {upload.media_type}.")
    new = NewFrame(
        camera_id=camera.id,
        sequence=upload.sequence,
        captured_at=captured_at,
        received_at=upload.now,
        sha256=upload.sha256,
        byte_count=len(upload.picture),
        width=info.width,
        height=info.height,
        media_type=info.media_type,
        picture_key=_new_key(camera, info, upload.now),
        clock_unsure=upload.clock_unsure,
    )
    frame = await _store(clients, new, upload.picture)
    if frame is None:
        stored = await frame_rows.find_frame(camera.id, upload.sequence)
        if stored is None:  # stored by another, and deleted since
            raise BusyError("The picture was being deleted. Send it again.", retry_after_s=1)
        return _repeated(stored, upload.sha256)
    await _enqueue(clients, frame)
    return Accepted(frame, repeat=False)


async def accept_by_hand(
    clients: Clients, settings: Settings, camera: Camera, picture: bytes, now: datetime
) -> Accepted:
    """Take a picture that a signed-in person uploads, as if the camera had taken it now.

    Its sequence lies above all that cameras may count to, so that it never takes a number one is about to use.
    Raises what `accept_frame` raises.
    """
    sequence = signatures.SEQUENCE_MAX + int(now.timestamp() * 1_000_000)
    return await _accept(clients, settings, camera, sequence, picture, now)


async def accept_uploaded(
    clients: Clients, settings: Settings, camera: Camera, number: int, picture: bytes, now: datetime
) -> Accepted:
    """The same for one of many, which a job may give twice: ``number`` is its own among all that are uploaded.

    Raises what `accept_frame` raises.
    """
    return await _accept(clients, settings, camera, signatures.SEQUENCE_MAX + 2 * _NUMBERS + number, picture, now)


async def accept_from_folder(
    clients: Clients,
    settings: Settings,
    camera: Camera,
    number: int,
    picture: bytes,
    captured_at: datetime,
    now: datetime,
) -> Accepted:
    """The same for a file of a watched folder, whose ``number`` is its own among all of all folders."""
    sequence = signatures.SEQUENCE_MAX + _NUMBERS + number
    return await _accept(clients, settings, camera, sequence, picture, now, captured_at)


async def _accept(
    clients: Clients,
    settings: Settings,
    camera: Camera,
    sequence: int,
    picture: bytes,
    now: datetime,
    captured_at: datetime | None = None,
) -> Accepted:
    sha256 = (await to_thread(hashlib.sha256, picture)).hexdigest()
    return await accept_frame(
        clients, settings, camera, Upload(sequence, captured_at or now, picture, sha256, None, now)
    )


async def _store(clients: Clients, new: NewFrame, picture: bytes) -> Frame | None:
    """Bytes first, then the row; None when the row is there already. No file stays behind without its row."""
    await clients.pictures.put(new.picture_key, picture)
    frame = None
    try:
        frame = await frame_rows.add_frame(new)
    except BaseException:
        # The commit may have gone through unseen: the file goes only if the row is surely not there. Otherwise
        # upkeep's sweep for orphans decides later.
        found = await frame_rows.find_frame(new.camera_id, new.sequence)
        if found is None or found.picture_key != new.picture_key:
            await clients.pictures.delete(new.picture_key)
        raise
    if frame is None:
        await clients.pictures.delete(new.picture_key)
    return frame


async def _enqueue(clients: Clients, frame: Frame) -> None:
    """Ask vision to read it. The picture is safe already: without a queue, upkeep asks again later."""
    try:
        await clients.queue.enqueue(READ_FRAME, frame.id, job_id=job_id(frame.id), queue=QueueName.FRAMES)
    except BusyError as error:
        log.warning("frame.not_enqueued", frame=frame.id, error=str(error))


def job_id(frame_id: int) -> str:
    """One job per frame at a time."""
    return f"frame:{frame_id}"


def _repeated(stored: Frame, sha256: str) -> Accepted:
    if stored.sha256 != sha256:
        raise ConflictError("This sequence number has another picture already. Count on, never back.")
    return Accepted(stored, repeat=True)


def _new_key(camera: Camera, info: PictureInfo, now: datetime) -> str:
    """A place of its own for every try, in folders by hour and camera that stay small."""
    token = secrets.token_hex(8)
    ending = EXTENSIONS.get(info.media_type, "json")
    return f"{hour_folder(now)}/{camera.id}/{token}.{ending}"


def hour_folder(at: datetime) -> str:
    """Where pictures received in that hour are kept."""
    return f"{PICTURES}/{at.astimezone(UTC):%Y%m%d/%H}"
