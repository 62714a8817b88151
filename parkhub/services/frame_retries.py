"""Pictures that could not be read are tried again, because somebody asks."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import frames as frame_rows
from parkhub.db.engine import transaction
from parkhub.errors import BusyError, ConflictError
from parkhub.services import upkeep
from parkhub.services.frames import READ_FRAME, job_id
from parkhub.settings import Settings

FAILED_OVER: Final = timedelta(days=1)
"""So far back failed pictures are told of, and tried again."""
GONE: Final = "This picture has been read meanwhile, waits already, or is no longer kept."
FULL: Final = "Too many pictures wait to be read. Try again once they have been."

log = structlog.get_logger(__name__)


async def read_again(clients: Clients, settings: Settings, now: datetime, frame_id: int | None = None) -> int:
    """Have one failed picture read again, or all of the last day; answers how many.

    Of all, no more than there is room for among those that wait, the newest first. States change only by what is newer
    than the camera's last look. Raises ConflictError (nothing to try again), BusyError (no room, or the queue is away).
    """
    room = settings.frames_waiting_max - await frame_rows.count_waiting()
    if room <= 0:
        raise BusyError(FULL)
    async with transaction():
        waiting = await frame_rows.wait_again(now - FAILED_OVER, room, frame_id)
    if not waiting:
        raise ConflictError(GONE)
    for each in waiting:
        # What was begun too often before is not held against it now; whatever is not sent here upkeep sends.
        await upkeep.is_no_poison(clients, job_id(each))
        await clients.queue.enqueue(READ_FRAME, each, job_id=job_id(each), queue=QueueName.FRAMES)
    log.info("frames.tried_again", count=len(waiting))
    return len(waiting)
