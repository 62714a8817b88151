"""A camera's spots, marked by a file."""

import secrets
from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from parkhub.clients import Clients
from parkhub.clients.picture_proof import inspect
from parkhub.clients.queue import QueueName
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spot_imports as import_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera, SpotImport, SpotsFileKind
from parkhub.domain.spot_versions import keep
from parkhub.domain.spots import NewSpot, Spot
from parkhub.domain.spots_file import BYTES_MAX, SpotsFile, lower
from parkhub.domain.trust import TrustTrack
from parkhub.errors import BusyError, SpotsFileError, TooLargeError
from parkhub.services import spot_history, troubles
from parkhub.settings import Settings

READ_SPOTS_FILE = "read_spots_file"
IMPORTS = "imports"
MASK_BYTES_MAX = 32 * 1024 * 1024

log = structlog.get_logger(__name__)


async def replace_spots(clients: Clients, camera_id: int, file: SpotsFile, now: datetime) -> int:
    """Make a file's spots the camera's; answers how many. Spots that keep their name keep their state and history.

    The lot's drawn map takes the size the file gives. When other cameras look at the lot too, this camera's part is
    drawn above or below theirs, unless the file was made for the very map the lot has.
    Raises ConflictError when another camera of the lot has a spot of the same name.
    """
    async with transaction():
        camera = await _replace(camera_id, file, now)
    await told(clients, camera)
    return len(file.spots)


async def request_import(
    clients: Clients,
    settings: Settings,
    camera_id: int,
    data: bytes,
    kind: SpotsFileKind,
    now: datetime,
    box: tuple[int, int] | None = None,
) -> SpotImport:
    """Keep a spots file and ask vision to read it. ``box``: size in pixels of each spot of a CarParkPos file.

    Raises TooLargeError, SpotsFileError for an empty file, NotFoundError without such a camera, and what `inspect`
    finds wrong with a mask picture.
    """
    bytes_max = MASK_BYTES_MAX if kind is SpotsFileKind.MASK else BYTES_MAX
    if len(data) > bytes_max:
        raise TooLargeError(f"The spots file is larger than {bytes_max:,} bytes.")
    if not data:
        raise SpotsFileError("The spots file is empty. Choose a mask picture, SPOTS.json or CarParkPos file.")
    if kind is SpotsFileKind.MASK:
        await to_thread(inspect, data, settings.frame_pixels_max)
    await camera_rows.get_camera(camera_id)
    key = f"{IMPORTS}/{camera_id}/{secrets.token_hex(8)}"
    await clients.pictures.put(key, data)
    found = await import_rows.add_spot_import(camera_id, key, kind, box, now)
    try:
        await ask_to_read(clients, found.id)
    except BusyError as error:  # upkeep asks again
        log.warning("spots.not_enqueued", spot_import=found.id, error=str(error))
    return found


async def ask_to_read(clients: Clients, spot_import_id: int) -> bool:
    """Put an import's job into the queue; False when it is there already. Raises BusyError."""
    return await clients.queue.enqueue(
        READ_SPOTS_FILE, spot_import_id, job_id=job_id(spot_import_id), queue=QueueName.FRAMES
    )


def job_id(spot_import_id: int) -> str:
    """One job per import at a time."""
    return f"spots:{spot_import_id}"


async def finish_import(clients: Clients, spot_import: SpotImport, file: SpotsFile) -> bool:
    """Make an import's spots the camera's, once. False: the import had ended before.

    Raises what `replace_spots` raises; then nothing has changed.
    """
    async with transaction():
        if not await import_rows.finish_spot_import(spot_import.id, len(file.spots), ""):
            return False
        camera = await _replace(spot_import.camera_id, file, spot_import.created_at)
    log.info("spots.imported", camera=spot_import.camera_id, count=len(file.spots))
    await clients.pictures.delete(spot_import.file_key)
    await told(clients, camera)
    return True


async def fail_import(clients: Clients, spot_import: SpotImport, error: str) -> None:
    """Note why a spots file could not be used."""
    if await import_rows.finish_spot_import(spot_import.id, 0, error):
        log.info("spots.import_failed", camera=spot_import.camera_id, reason=error)
    await clients.pictures.delete(spot_import.file_key)


async def told(clients: Clients, camera: Camera) -> None:
    """Tell that a camera has new spots, after the transaction; ``camera`` is as it was before."""
    await clients.pictures.delete_folder(troubles.memory_folder(camera.id))
    troubles.tell(camera, TrustTrack())
    await clients.live.announce(f"lot:{camera.lot_id}")


async def _replace(camera_id: int, file: SpotsFile, at: datetime) -> Camera:
    """Answers the camera as it was. What its pictures are compared with belongs to the spots, so it goes with them."""
    camera = await camera_rows.get_camera(camera_id)
    await spot_rows.lock_map(camera.lot_id)
    lot = await lot_rows.get_lot(camera.lot_id)
    present = await spot_rows.list_spots(lot.id)
    others = [spot for spot in present if spot.camera_id != camera_id]
    before = [keep(spot) for spot in present if spot.camera_id == camera_id]
    width, height, spots = fit((lot.plan_width, lot.plan_height), others, file)
    await spot_rows.replace_camera_spots(camera_id, spots)
    await camera_rows.set_marked_on(camera_id, file.width, file.height)
    await lot_rows.set_plan_size(lot.id, width, height)
    await troubles.forget_view(camera)
    await spot_history.keep_version(camera, None, before, at, "from a file", (file.width, file.height))
    return camera


def fit(
    lot_size: tuple[float, float], others: Sequence[Spot], file: SpotsFile
) -> tuple[float, float, Sequence[NewSpot]]:
    """The map's size and the file's spots on it, clear of the other cameras' spots."""
    size = file.plan_width, file.plan_height
    if not others or size == lot_size:
        return *size, file.spots
    top = min(spot.plan.y for spot in others)
    bottom = max(spot.plan.y + spot.plan.height for spot in others)
    right = max(spot.plan.x + spot.plan.width for spot in others)
    down = 0.0 if top >= file.plan_height else bottom
    moved = [replace(spot, plan=lower(spot.plan, down)) for spot in file.spots]
    return max(right, file.plan_width), max(bottom, down + file.plan_height), moved
