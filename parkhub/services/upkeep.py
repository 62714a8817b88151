"""What keeps a running system in order: work that got lost, pictures past their time, files without a row."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import accounts as account_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import counts as count_rows
from parkhub.db import frames as frame_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spot_imports as import_rows
from parkhub.db.engine import transaction
from parkhub.domain.frames import Frame
from parkhub.domain.lots import sample
from parkhub.errors import TooOftenError
from parkhub.services import lots, spots
from parkhub.services.frames import PICTURES, READ_FRAME, job_id
from parkhub.services.troubles import MEMORY, memory_key, view_key
from parkhub.settings import Settings

STUCK_AFTER_S = 20
ORPHAN_AFTER_S = 3600
BATCH = 500
LATE_TRIES_MAX = 6
LATE_TRIES_WINDOW_S = 3600

log = structlog.get_logger(__name__)


async def requeue_stuck(clients: Clients, now: datetime) -> int:
    """Ask again for frames that wait for long and have no job: the queue was away when they came, or forgot them."""
    again = 0
    for frame_id in await frame_rows.list_stuck(now - timedelta(seconds=STUCK_AFTER_S)):
        again += await clients.queue.enqueue(READ_FRAME, frame_id, job_id=job_id(frame_id), queue=QueueName.FRAMES)
    if again:
        log.info("upkeep.frames_requeued", count=again)
    return again


async def requeue_stuck_imports(clients: Clients, now: datetime) -> int:
    """The same for spots files."""
    again = 0
    for spot_import_id in await import_rows.list_stuck(now - timedelta(seconds=STUCK_AFTER_S)):
        again += await spots.ask_to_read(clients, spot_import_id)
    if again:
        log.info("upkeep.imports_requeued", count=again)
    return again


async def take_samples(now: datetime) -> None:
    """Keep how full every lot is in the five minutes that hold ``now``, whether anybody looked at it or not."""
    for status in await lots.list_statuses(now):
        states = [seen.track.state for seen in status.spots]
        await lot_rows.save_sample(sample(status.lot.id, states, now))


async def is_poison(clients: Clients, job_id: str, since: datetime, now: datetime) -> bool:
    """Whether a job for what waits ``since`` then has been begun too often: it may be what kills the process.

    Counts this beginning. Raises BusyError.
    """
    if now - since < timedelta(seconds=STUCK_AFTER_S):
        return False
    try:
        await clients.limiter.hit(f"late:{job_id}", LATE_TRIES_MAX, LATE_TRIES_WINDOW_S)
    except TooOftenError:
        return True
    return False


async def is_no_poison(clients: Clients, job_id: str) -> None:
    """Forget how often a job was begun: it has ended by itself, only because something is away. Raises BusyError."""
    await clients.limiter.clear(f"late:{job_id}")


async def delete_old_pictures(clients: Clients, settings: Settings, now: datetime) -> int:
    """Delete frames past `frame_keep_h` or their camera's own time, then the oldest beyond `frame_keep_bytes`.

    Pictures of gates are kept by their lot's rule (`parkhub.services.retention`) as long as there is room. What was
    seen in pictures stays, of their numbers the last of every five minutes. The row goes first: a crash in between
    leaves a file for `delete_orphans`.
    """
    deleted = 0
    while old := await frame_rows.list_expired(now - timedelta(hours=settings.frame_keep_h), BATCH, of_gates=False):
        await _delete(clients, old)
        deleted += len(old)
    for camera_id, hours in (await camera_rows.list_keeping()).items():
        before = now - timedelta(hours=hours)
        while old := await frame_rows.list_expired(before, BATCH, camera_id=camera_id):
            await _delete(clients, old)
            deleted += len(old)
    too_many_bytes = await clients.pictures.used_bytes(PICTURES) - settings.frame_keep_bytes
    while too_many_bytes > 0 and (oldest := await frame_rows.list_expired(now, BATCH)):
        going: list[Frame] = []
        for frame in oldest:
            if too_many_bytes <= 0:
                break
            going.append(frame)
            too_many_bytes -= frame.byte_count
        await _delete(clients, going)
        deleted += len(going)
    if deleted:
        log.info("upkeep.pictures_deleted", count=deleted)
    return deleted


async def delete_orphans(clients: Clients) -> int:
    """Delete pictures older than an hour that no row knows: an upload was killed between the file and the row."""
    by_hour: dict[datetime, list[str]] = {}
    for key in await clients.pictures.list_older(PICTURES, ORPHAN_AFTER_S):
        with suppress(ValueError):  # not a file of ours
            hour = datetime.strptime("/".join(key.split("/")[1:3]), "%Y%m%d/%H").replace(tzinfo=UTC)
            by_hour.setdefault(hour, []).append(key)
    deleted = 0
    for since, keys in by_hour.items():
        known = await frame_rows.list_picture_keys(since, since + timedelta(hours=1))
        orphans = [key for key in keys if key not in known]
        for key in orphans:
            await clients.pictures.delete(key)
        deleted += len(orphans)
    if deleted:
        log.info("upkeep.orphans_deleted", count=deleted)
    return deleted


async def delete_memory_orphans(clients: Clients) -> int:
    """Delete what was remembered of pictures more than an hour ago for an engine or a view that is a camera's no more.

    Unfinished files too: a reader was killed while it wrote one.
    """
    old = await clients.pictures.list_older(MEMORY, ORPHAN_AFTER_S)
    known: set[str] = set()
    for camera in await camera_rows.list_cameras():
        known |= {memory_key(camera), view_key(camera)}
    orphans = [key for key in old if key not in known]
    for key in orphans:
        await clients.pictures.delete(key)
    if orphans:
        log.info("upkeep.memory_orphans_deleted", count=len(orphans))
    return len(orphans)


async def delete_import_orphans(clients: Clients) -> int:
    """Delete spots files older than an hour that no waiting import knows."""
    known = await import_rows.list_waiting_keys()
    orphans = [key for key in await clients.pictures.list_older(spots.IMPORTS, ORPHAN_AFTER_S) if key not in known]
    for key in orphans:
        await clients.pictures.delete(key)
    if orphans:
        log.info("upkeep.import_orphans_deleted", count=len(orphans))
    return len(orphans)


async def delete_old_counts(settings: Settings, now: datetime) -> None:
    """Delete what pictures showed in numbers past `count_keep_days`."""
    await count_rows.delete_counts_before(now - timedelta(days=settings.count_keep_days))


async def delete_old_sign_ins(now: datetime) -> int:
    """Delete sign-ins that have run out."""
    return await account_rows.delete_sign_ins_before(now)


async def _delete(clients: Clients, frames: list[Frame]) -> None:
    ids = [frame.id for frame in frames]
    async with transaction():
        await count_rows.thin_counts(ids)
        await frame_rows.delete_frames(ids)
    for frame in frames:
        await clients.pictures.delete(frame.picture_key)
