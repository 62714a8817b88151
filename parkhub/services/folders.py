"""Watched folders: each new or changed picture in one is taken once as its camera's, when it is finished."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from parkhub.clients import Clients
from parkhub.clients import folders as disk
from parkhub.clients.picture_times import noted_time
from parkhub.db import cameras as camera_rows
from parkhub.db import folders as rows
from parkhub.db import lots as lot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.folders import FileState, FolderMemory, FoundFile, TimeFrom, WatchedFolder, overlaps
from parkhub.errors import BusyError, FieldsError, ParkHubError, TooLargeError
from parkhub.services import audit, frames
from parkhub.settings import Settings

BATCH: Final = 50
"""So many files of one folder are taken before the next folder has its turn."""
STALLED: Final = timedelta(seconds=60)
NOTED_EVERY: Final = timedelta(seconds=30)
FORGOTTEN_AFTER: Final = timedelta(days=90)
"""So long it is known that a file was taken which is no longer there; one that is there is known for ever."""
NO_ROOTS: Final = "The server allows no folder yet. Set PARKHUB_WATCH_ROOTS to those that may be watched."
OFF: Final = "The camera is switched off, so its pictures wait here."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """``more``: something is left that can be taken soon."""

    taken: int
    more: bool


async def watch(
    settings: Settings,
    camera: Camera,
    path: str,
    time_from: TimeFrom,
    now: datetime,
    account_id: int | None = None,
    *,
    deletes: bool,
) -> WatchedFolder:
    """Watch a folder from now on, with what lies in it. Raises FieldsError, ConflictError."""
    roots, wanted = settings.watched_roots, str(PurePosixPath(path.strip()))
    if not roots:
        raise FieldsError({"path": NO_ROOTS})
    try:
        await asyncio.to_thread(disk.list_files, roots, wanted)
    except ParkHubError as error:
        raise FieldsError({"path": str(error)}) from None
    async with transaction():
        await rows.lock()
        for other in await rows.list_folders():
            if overlaps(wanted, other.path):
                raise FieldsError({"path": f"{other.path} is watched already, with all folders in it."})
        folder = await rows.add_folder(camera.id, wanted, time_from, now, deletes=deletes)
        await _note_done("folder.watched", account_id, folder, None, _told(folder, camera), now)
    log.info("folder.watched", folder=folder.id, camera=camera.public_id)
    return folder


async def set_enabled(folder_id: int, account_id: int | None, now: datetime, *, enabled: bool) -> None:
    """Watch it again, or leave it for now; what comes meanwhile is taken afterwards. Raises NotFoundError."""
    async with transaction():
        folder = await rows.get_folder(folder_id)
        if folder.enabled is enabled:
            return
        await rows.set_enabled(folder.id, enabled=enabled)
        action = "folder.started" if enabled else "folder.stopped"
        await _note_done(action, account_id, folder, {"enabled": not enabled}, {"enabled": enabled}, now)
    log.info(action, folder=folder.id)


async def leave(folder_id: int, account_id: int | None, now: datetime) -> None:
    """Watch it no more, and forget which of its files were taken; they stay as they are. Raises NotFoundError."""
    async with transaction():
        folder = await rows.get_folder(folder_id)
        told = _told(folder, await camera_rows.get_camera(folder.camera_id))
        await rows.delete_folder(folder.id)
        await _note_done("folder.left", account_id, folder, told | {"taken": folder.taken}, None, now)
    log.info("folder.left", folder=folder.id)


def _told(folder: WatchedFolder, camera: Camera) -> dict[str, Any]:
    return {
        "path": folder.path,
        "camera": camera.public_id,
        "time_from": folder.time_from.value,
        "deletes": folder.deletes,
    }


async def _note_done(
    action: str,
    account_id: int | None,
    folder: WatchedFolder,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    now: datetime,
) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=(await camera_rows.get_camera(folder.camera_id)).lot_id,
        subject=f"folder:{folder.id}",
        before=before,
        after=after,
        at=now,
    )


async def look(
    clients: Clients, settings: Settings, folder: WatchedFolder, memory: FolderMemory, now_s: float
) -> Looked:
    """Take what is finished and new in a folder. Safe beside itself in another process: each file is taken once.

    ``now_s``: of a clock that only goes forward. What is wrong with the folder or a file is kept as its last error.
    """
    now = datetime.now(UTC)
    if folder.looked_at is None or now - folder.looked_at >= NOTED_EVERY:
        await rows.note_look(folder.id, now)
    try:
        files = await asyncio.to_thread(disk.list_files, settings.watched_roots, folder.path)
        if not memory.loaded:
            names = [file.shown for file in files]
            memory.over, memory.loaded = await rows.list_known(folder.id, names), True
        finished, more = memory.finished(files, now_s)
        camera = await camera_rows.get_camera(folder.camera_id)
        if finished and not camera.enabled:
            await _note(folder, OFF, now)
            return Looked(0, more=False)
        taken = 0
        for file in finished[:BATCH]:
            taken += await _take(clients, settings, folder, camera, file, memory)
        return Looked(taken, more or len(finished) > BATCH)
    except ParkHubError as error:  # a full queue or disk, too: what is left comes again by itself
        await _note(folder, str(error), now)
        return Looked(0, more=False)


async def _take(
    clients: Clients, settings: Settings, folder: WatchedFolder, camera: Camera, file: FoundFile, memory: FolderMemory
) -> bool:
    """Take one file, if nobody has. Raises BusyError, and NotFoundError for a folder that is gone."""
    roots, now = settings.watched_roots, datetime.now(UTC)
    data = await asyncio.to_thread(disk.read_file, roots, folder.path, file, settings.frame_bytes_max)
    if data is None:
        return False  # it has changed meanwhile: it is looked at again
    sha256 = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
    number, ours = await rows.claim_file(folder.id, sha256, file, now, now - STALLED)
    if not ours:
        state = await rows.find_state(folder.id, sha256)
        if state in (FileState.TAKEN, FileState.REFUSED):
            await _over(settings, folder, file, memory, taken=state is FileState.TAKEN)
        return False
    try:
        if len(data) > settings.frame_bytes_max:
            raise TooLargeError(f"it is larger than {settings.frame_bytes_max // 1024**2} MB.")
        captured_at = await _captured_at(folder, camera, file, data, now)
        await frames.accept_from_folder(clients, settings, camera, number, data, captured_at, now)
    except BusyError:
        await rows.release_file(number)
        raise
    except ParkHubError as error:
        await _finish(folder, number, FileState.REFUSED, f"{file.shown}: {error}", now)
        await _over(settings, folder, file, memory, taken=False)
        return False
    first = await _finish(folder, number, FileState.TAKEN, "", now)
    await _over(settings, folder, file, memory, taken=True)
    return first


async def _finish(folder: WatchedFolder, number: int, state: FileState, error: str, now: datetime) -> bool:
    async with transaction():
        first = await rows.finish_file(folder.id, number, state, error, now)
        if error:
            await rows.note_error(folder.id, error, now)
    log.info("folder.file", folder=folder.id, state=state.value, reason=error)
    return first


async def _over(
    settings: Settings, folder: WatchedFolder, file: FoundFile, memory: FolderMemory, *, taken: bool
) -> None:
    """Done with it: deleted where that is wanted, but never what was refused."""
    memory.done_with(file)
    if not taken or not folder.deletes:
        return
    try:
        await asyncio.to_thread(disk.delete_file, settings.watched_roots, folder.path, file)
    except ParkHubError as error:
        await _note(folder, str(error), datetime.now(UTC))


async def _captured_at(folder: WatchedFolder, camera: Camera, file: FoundFile, data: bytes, now: datetime) -> datetime:
    if folder.time_from is TimeFrom.NOW:
        return now
    lot = await lot_rows.get_lot(camera.lot_id)
    noted = await asyncio.to_thread(noted_time, data, ZoneInfo(lot.time_zone))
    return noted or datetime.fromtimestamp(file.mtime_ns / 1e9, UTC)


async def _note(folder: WatchedFolder, error: str, now: datetime) -> None:
    """Keep an error; the same one again only now and then."""
    last = folder.last_error_at
    if error != folder.last_error or last is None or now - last >= NOTED_EVERY:
        await rows.note_error(folder.id, error, now)


async def forget_old(settings: Settings, now: datetime) -> int:
    """Forget files that were taken long ago and are no longer there; answers how many."""
    forgotten = 0
    for folder in await rows.list_folders():
        old = await rows.list_old_files(folder.id, now - FORGOTTEN_AFTER)
        if not old:
            continue
        try:
            there = {
                file.shown for file in await asyncio.to_thread(disk.list_files, settings.watched_roots, folder.path)
            }
        except ParkHubError:
            continue  # a folder that is away now may come back with all its files
        gone = [number for number, name in old.items() if name not in there]
        await rows.forget_files(gone)
        forgotten += len(gone)
    return forgotten
