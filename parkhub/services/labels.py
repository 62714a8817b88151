"""Labels' crops: asked for, kept beside their rows, and deleted with them."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import spot_labels as label_rows
from parkhub.domain.corrections import Crop, NewLabel, SpotLabel
from parkhub.domain.spots import Polygon
from parkhub.settings import Settings

CUT_LABEL: Final = "cut_label"
LABELS: Final = "labels"
STUCK_AFTER_S: Final = 20
ORPHAN_AFTER_S: Final = 3600
BATCH: Final = 500

log = structlog.get_logger(__name__)


async def ask_to_cut(clients: Clients, label_id: int) -> bool:
    """Put a label's job into the queue; False when it is there already. Raises BusyError."""
    return await clients.queue.enqueue(CUT_LABEL, label_id, job_id=job_id(label_id), queue=QueueName.FRAMES)


def job_id(label_id: int) -> str:
    """One job per label at a time."""
    return f"label:{label_id}"


def crop_key(label: SpotLabel) -> str:
    """Where a label's crop is kept; the same in every try, so that no try leaves another file behind."""
    return f"{LABELS}/{label.lot_id}/{label.id}.png"


async def finish_crop(clients: Clients, label: SpotLabel, crop: bytes, crop_polygon: Polygon) -> bool:
    """Keep a waiting label's crop (PNG) with the spot's polygon in it, once. Nothing stays of a label taken back."""
    await clients.pictures.put(crop_key(label), crop)
    if await label_rows.finish_crop(label.id, crop_polygon):
        return True
    if not await label_rows.known_ids([label.id]):
        await clients.pictures.delete(crop_key(label))
    return False


async def give_crop_up(label_id: int, reason: str) -> None:
    """Note that a label's picture cannot be had any more: it counts for the accuracy and teaches nothing."""
    if await label_rows.finish_crop(label_id, None):
        log.info("label.without_crop", label=label_id, reason=reason)


async def import_label(clients: Clients, new: NewLabel, crop: bytes, crop_polygon: Polygon) -> bool:
    """Keep a label that was given elsewhere, with its crop; False when this picture of this spot had a label already.

    No state changes: the word is about an old picture.
    """
    label = await label_rows.add_label(new)
    return label.crop is Crop.WAITING and await finish_crop(clients, label, crop, crop_polygon)


async def forget_label(clients: Clients, label: SpotLabel) -> bool:
    """Delete a label with its crop; the row first, so that a crash in between leaves a file for `delete_orphans`."""
    deleted = await label_rows.delete_label(label.id)
    await clients.pictures.delete(crop_key(label))
    return deleted


async def forget_lot(clients: Clients, lot_id: int) -> int:
    """Delete all labels of a lot with their crops, as before it is deleted; answers how many. States stay."""
    count = await label_rows.delete_labels_of(lot_id)
    await clients.pictures.delete_folder(f"{LABELS}/{lot_id}")
    log.info("labels.forgotten", lot=lot_id, count=count)
    return count


async def requeue_uncut(clients: Clients, now: datetime) -> int:
    """Ask again for labels that wait for long and have no job: the queue was away when they came, or forgot them."""
    again = 0
    for label_id in await label_rows.list_uncut(now - timedelta(seconds=STUCK_AFTER_S)):
        again += await ask_to_cut(clients, label_id)
    if again:
        log.info("upkeep.labels_requeued", count=again)
    return again


async def delete_old(clients: Clients, settings: Settings, now: datetime) -> int:
    """Delete labels past `label_keep_days`; heads that were fitted to them stay."""
    deleted = 0
    while old := await label_rows.list_older(now - timedelta(days=settings.label_keep_days), BATCH):
        for label in old:
            deleted += await forget_label(clients, label)
    if deleted:
        log.info("upkeep.labels_deleted", count=deleted)
    return deleted


async def delete_orphans(clients: Clients) -> int:
    """Delete crops older than an hour that no label knows: somebody was killed between the row and the file."""
    ids = {key: _label_id(key) for key in await clients.pictures.list_older(LABELS, ORPHAN_AFTER_S)}
    known = await label_rows.known_ids([label_id for label_id in ids.values() if label_id is not None])
    orphans = [key for key, label_id in ids.items() if label_id not in known]
    for key in orphans:
        await clients.pictures.delete(key)
    if orphans:
        log.info("upkeep.label_orphans_deleted", count=len(orphans))
    return len(orphans)


def _label_id(key: str) -> int | None:
    """The label a file is the crop of; None for an unfinished file."""
    stem = key.rpartition("/")[2].partition(".")[0]
    return int(stem) if stem.isdecimal() and len(stem) < 19 else None
