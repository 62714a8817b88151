"""The job that reads a spots file: a mask picture, SPOTS.json or an old CarParkPos pickle."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from parkhub.clients import Clients
from parkhub.db import frames as frame_rows
from parkhub.db import spot_imports as import_rows
from parkhub.domain.cameras import SpotImportStatus, SpotsFileKind
from parkhub.domain.spots_file import CARPARKPOS_BOX, SpotsFile, parse_carparkpos, parse_spots_json
from parkhub.errors import NotFoundError, ParkHubError, SpotsFileError
from parkhub.services import spots, upkeep
from tasks.vision.spots_file import read_mask


async def read_spots_file(ctx: dict[str, Any], spot_import_id: int) -> None:
    """Make a file's spots the camera's, unless that was done. A wrong file is kept as a sentence, not raised."""
    clients: Clients = ctx["clients"]
    try:
        spot_import = await import_rows.get_spot_import(spot_import_id)
    except NotFoundError:
        return
    if spot_import.status is not SpotImportStatus.WAITING:
        return
    job_id = spots.job_id(spot_import_id)
    if await upkeep.is_poison(clients, job_id, spot_import.created_at, datetime.now(UTC)):
        await spots.fail_import(clients, spot_import, "Reading this file broke off again and again. Try another file.")
        return
    try:
        data = await clients.pictures.get(spot_import.file_key)
        file = await parse_spots_file(spot_import.camera_id, spot_import.kind, data, spot_import.box)
        await spots.finish_import(clients, spot_import, file)
    except ParkHubError as error:
        if error.retryable:
            await upkeep.is_no_poison(clients, job_id)
            raise
        await spots.fail_import(clients, spot_import, str(error))


async def give_up(ctx: dict[str, Any], spot_import_id: int) -> None:
    """What happens to a spots file when every try has failed by a fault of ours."""
    spot_import = await import_rows.get_spot_import(spot_import_id)
    await spots.fail_import(
        ctx["clients"], spot_import, "A fault in ParkHub; the log has the details. Try another file."
    )


async def parse_spots_file(camera_id: int, kind: SpotsFileKind, data: bytes, box: tuple[int, int] | None) -> SpotsFile:
    """A file's spots. ``box``: size in pixels of each spot of a CarParkPos file. Raises SpotsFileError."""
    if kind is SpotsFileKind.MASK:
        return await asyncio.to_thread(read_mask, data)
    if kind is SpotsFileKind.JSON:
        return await asyncio.to_thread(parse_spots_json, data)
    size = await _picture_size(camera_id)
    return await asyncio.to_thread(parse_carparkpos, data, size, box or CARPARKPOS_BOX)


async def _picture_size(camera_id: int) -> tuple[int, int]:
    """Size in pixels of the camera's pictures: a CarParkPos file does not say which picture it was made on."""
    latest = await frame_rows.list_frames(camera_id, 1)
    if not latest:
        raise SpotsFileError("A CarParkPos file needs a picture of this camera to fit on. Upload one first, then this.")
    return latest[0].width, latest[0].height
