"""Crops for training: a picture's places saved by the engine's answers, judged by people, taken out as a set."""

import asyncio
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import labelled_sets as set_rows
from parkhub.db import spot_labels as label_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import NewLabel, SpotLabel, Word
from parkhub.domain.frames import Frame
from parkhub.domain.labelled_sets import EXPORT_MAX, file_of, readme, table, taken_out
from parkhub.domain.lots import Lot
from parkhub.domain.spots import SpotState
from parkhub.domain.trust import is_believed, realign
from parkhub.errors import BusyError, InvalidInputError, NotFoundError
from parkhub.services import audit
from parkhub.services.labels import crop_key
from parkhub.settings import Settings

CUT_PICTURE: Final = "cut_picture"
FOLDER: Final = "labelled-sets"
LEFT_AFTER: Final = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a person says of a crop; ``occupied`` of one that is of no use says nothing."""

    word: Word
    occupied: bool


async def save_picture(clients: Clients, account_id: int | None, camera: Camera, now: datetime) -> int:
    """Save the places of a camera's newest picture as crops by the engine's answers, for people to judge; how many.

    What was said of that picture already stays. Raises InvalidInputError with the reason when there is no picture to
    save, or none that may be: those of gates never are.
    """
    if camera.watches_gate:
        raise InvalidInputError("Pictures of gates show people and plates; they are never saved as crops.")
    frame = await frame_rows.latest_read(camera.id)
    if frame is None or camera.misfit(frame.width, frame.height) or not await _is_kept(clients, frame):
        raise InvalidInputError("There is no picture of this camera to save. Wait for the next one.")
    if not is_believed(camera.trust):
        raise InvalidInputError("The camera's pictures are not believed just now, so nothing can be learnt from them.")
    async with transaction():
        before = await set_rows.count_set(camera.lot_id)
        await set_rows.propose_labels(await _proposed(camera, frame, account_id, now))
        saved = sum((await set_rows.count_set(camera.lot_id)).values()) - sum(before.values())
        if saved:
            await audit.note(
                "labels.saved",
                account_id=account_id,
                lot_id=camera.lot_id,
                subject=f"camera:{camera.public_id}",
                before=None,
                after={"count": saved, "taken_at": frame.captured_at.isoformat()},
                at=now,
            )
    log.info("labels.saved", camera=camera.public_id, frame=frame.id, count=saved)
    if saved:
        try:
            await clients.queue.enqueue(CUT_PICTURE, frame.id, job_id=f"cut:{frame.id}", queue=QueueName.ADAPTATION)
        except BusyError as error:  # upkeep asks for each of them
            log.warning("label.not_enqueued", frame=frame.id, error=str(error))
    return saved


async def _is_kept(clients: Clients, frame: Frame) -> bool:
    """The row may outlive its picture."""
    try:
        await clients.pictures.get(frame.picture_key)
    except NotFoundError:
        return False
    return True


async def _proposed(camera: Camera, frame: Frame, account_id: int | None, now: datetime) -> list[NewLabel]:
    tracks = await spot_rows.load_tracks(camera.id)
    spots = [spot for spot in await spot_rows.list_camera_spots(camera.id) if spot.name in tracks]
    shapes = realign([spot.shape for spot in spots], camera.shift if frame.id == camera.last_frame_id else None)
    opinions = {each.spot: each for each in await frame_rows.load_observations(frame.id)}
    found = []
    for spot, shape in zip(spots, shapes, strict=True):
        seen = opinions.get(spot.name)
        found.append(
            NewLabel(
                lot_id=camera.lot_id,
                camera_id=camera.id,
                spot_id=spot.id,
                frame_id=frame.id,
                account_id=account_id,
                name=spot.name,
                picture_sha256=frame.sha256,
                occupied=seen is not None and seen.state is SpotState.OCCUPIED,
                at=frame.captured_at,
                created_at=now,
                polygon=shape.polygon,
                before=tracks[spot.name].state,
                said=seen.state if seen else None,
                confidence=seen.confidence if seen else None,
            )
        )
    return found


async def judge(account_id: int | None, lot_id: int, label_id: int, judged: Judged) -> SpotLabel:
    """Take a person's word on a crop: no state changes, it is about an old picture; answers what it was before.

    Raises NotFoundError when the lot has no such label, or not any more.
    """
    label = await label_rows.get_label(label_id)
    if label.lot_id != lot_id or not await set_rows.judge_label(label_id, judged.word, judged.occupied, account_id):
        raise NotFoundError("There is no such crop, or it was deleted.")
    return label


async def confirm(account_id: int | None, lot_id: int, label_ids: Sequence[int]) -> int:
    """Take the engine's answers for a person's word, of those of these labels where it had one; answers how many."""
    confirmed = 0
    async with transaction():
        for label_id in label_ids:
            try:
                label = await label_rows.get_label(label_id)
            except NotFoundError:
                continue  # deleted meanwhile
            if label.lot_id == lot_id and label.word is Word.PROPOSED and label.said not in (None, SpotState.UNKNOWN):
                confirmed += await set_rows.judge_label(label_id, Word.SAID, label.occupied, account_id)
    return confirmed


def new_file(settings: Settings, now: datetime) -> Path:
    """An empty file for a set on its way to somebody, who deletes it."""
    delete_left(settings, now)
    folder = settings.data_dir / FOLDER
    folder.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".zip", delete=False) as out:
        return Path(out.name)


def delete_left(settings: Settings, now: datetime) -> None:
    """Delete sets on their way to somebody who was gone before the first byte."""
    for left in (settings.data_dir / FOLDER).glob("*.zip"):
        with suppress(OSError):
            if left.stat().st_mtime < (now - LEFT_AFTER).timestamp():
                left.unlink()


async def export(clients: Clients, account_id: int | None, lot: Lot, path: Path, keep_days: int, now: datetime) -> int:
    """Put what people said of a lot's crops into the ZIP file ``path`` (see `parkhub.domain.labelled_sets`).

    Answers how many crops are in it. Raises InvalidInputError when there is none.
    """
    labels = taken_out(await set_rows.list_set(lot.id, Word.SAID, None, None, EXPORT_MAX))
    kept = await _pack(clients, lot, labels, path, keep_days)
    if not kept:
        raise InvalidInputError("Nobody has said anything of a crop yet: save a picture's places and judge them.")
    async with transaction():
        await audit.note(
            "labels.exported",
            account_id=account_id,
            lot_id=lot.id,
            subject=f"lot:{lot.id}",
            before=None,
            after={"count": kept},
            at=now,
        )
    log.info("labels.exported", lot=lot.id, count=kept)
    return kept


async def _pack(clients: Clients, lot: Lot, labels: Sequence[SpotLabel], path: Path, keep_days: int) -> int:
    cameras = {each.id: each.public_id for each in await camera_rows.list_cameras(lot.id)}
    kept = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # PNG is packed already
        for label in labels:
            try:
                crop = await clients.pictures.get(crop_key(label))
            except NotFoundError:
                log.warning("label.crop_missing", label=label.id)
                continue
            await asyncio.to_thread(archive.writestr, file_of(label), crop)
            kept.append(label)
        archive.writestr("labels.csv", table(kept, cameras))
        archive.writestr("README.md", readme(lot.name, kept, keep_days))
    return len(kept)
