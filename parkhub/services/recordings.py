"""Recordings: ask for an analysis, follow it, stop it, throw it away."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import recordings as rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.recordings import EVERY_S, EVERY_S_MAX, EVERY_S_MIN, FAILED_KEPT, Recording, RecordingStatus
from parkhub.domain.text import one_line
from parkhub.errors import BusyError, ConflictError, FieldsError, NotFoundError, ParkHubError
from parkhub.services.recording_uploads import FOLDER, SPOTS, VIDEO, discarding

UPLOADS: Final = frozenset({VIDEO, SPOTS})
ORDER: Final = "order.json"
JOB: Final = "analyse_recording"
TITLE_LENGTH_MAX: Final = 120
BOX_SIDE_MAX: Final = 4000
STALLED_S: Final = 60.0
ABANDONED_S: Final = 86_400.0
NOT_AGAIN: Final = "This analysis cannot be tried again: it has not failed, or what was uploaded is no longer kept."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do with an uploaded video. ``box``: width and height in pixels of a CarParkPos file's spots."""

    title: str
    engine: Engine
    spots_kind: SpotsFileKind
    box: tuple[int, int] | None = None
    every_s: float = EVERY_S


def check_wish(wish: Wish) -> None:
    """Raises FieldsError, one sentence a field."""
    wrong = {}
    if len(wish.title) > TITLE_LENGTH_MAX:
        wrong["title"] = f"Use at most {TITLE_LENGTH_MAX} letters."
    elif not one_line(wish.title):
        wrong["title"] = "Use letters, digits and signs on one line only."
    if not EVERY_S_MIN <= wish.every_s <= EVERY_S_MAX:
        wrong["every_s"] = f"Give {EVERY_S_MIN:g} to {EVERY_S_MAX:g} seconds."
    if wish.box is not None and not all(1 <= side <= BOX_SIDE_MAX for side in wish.box):
        wrong["box"] = f"Give 1 to {BOX_SIDE_MAX} pixels each way."
    if wrong:
        raise FieldsError(wrong)


async def request_recording(clients: Clients, account_id: int, folder: str, wish: Wish, now: datetime) -> Recording:
    """Have the video that lies in ``folder`` analysed. Raises FieldsError, BusyError.

    When the queue is away the recording waits all the same: `requeue_stalled` sends it later.
    """
    order = {"kind": wish.spots_kind, "box": wish.box, "every_s": wish.every_s}
    async with discarding(clients, folder):
        check_wish(wish)
        await clients.pictures.put(f"{folder}/{ORDER}", json.dumps(order).encode())
    # From here on the row may be there, whatever breaks: `delete_abandoned` goes by it.
    async with transaction():
        recording = await rows.add_recording(wish.title.strip() or "Recording", account_id, wish.engine, folder, now)
    await _send(clients, recording.id, _job_id(recording))
    return recording


async def read_order(clients: Clients, recording: Recording) -> Wish:
    """What was asked for. Raises NotFoundError when its files are gone."""
    order = json.loads(await clients.pictures.get(f"{recording.folder}/{ORDER}"))
    box = tuple(order["box"]) if order["box"] else None
    return Wish(recording.title, recording.engine, SpotsFileKind(order["kind"]), box, order["every_s"])


async def start(recording_id: int, now: datetime) -> Recording | None:
    """Begin, or begin again after a crash. None: another job is at it, it has ended, or it was deleted meanwhile."""
    return await rows.start_recording(recording_id, now, now - timedelta(seconds=STALLED_S))


async def hand_back(recording: Recording) -> None:
    """The job stops before its end, for no fault of the recording's; the next one begins at once and anew."""
    try:
        await rows.hand_back_recording(recording.id, recording.attempt)
    except BusyError:
        log.warning("recordings.not_handed_back", recording=recording.id)  # sent again once it counts as stalled


async def progress(recording: Recording, share: float, now: datetime) -> bool:
    """Note how far the job is, 0..1, and that it lives; False when it shall stop."""
    return await rows.report_progress(recording.id, recording.attempt, share, now)


async def finish(clients: Clients, recording: Recording, summary: dict[str, Any], now: datetime) -> bool:
    """Keep the result; the uploaded video goes, as the annotated one shows the same. False: it is not ours any more."""
    kept = await rows.finish_recording(recording.id, recording.attempt, RecordingStatus.DONE, summary, "", now)
    if kept:
        await _delete_uploads(clients, recording.folder)
    else:
        await stopped(clients, recording)
    return kept


async def fail(clients: Clients, recording: Recording, error: ParkHubError, now: datetime) -> bool:
    """Keep the sentence that says why, and what was uploaded for another try. False: it is not ours any more."""
    kept = await rows.finish_recording(recording.id, recording.attempt, RecordingStatus.FAILED, None, str(error), now)
    await stopped(clients, recording)
    return kept


async def stopped(clients: Clients, recording: Recording) -> None:
    """The job has stopped: where nothing is to come of the recording, what it may still have written goes.

    Not where another attempt is at it or was faster: the files are that one's.
    """
    try:
        status = (await rows.get_recording(recording.id)).status
    except NotFoundError:
        status = RecordingStatus.CANCELLED
    if status is RecordingStatus.CANCELLED:
        await clients.pictures.delete_folder(recording.folder)


async def try_again(clients: Clients, recording_id: int, now: datetime) -> Recording:
    """Have a failed analysis begun anew from what was uploaded. Raises NotFoundError, ConflictError."""
    found = await rows.wait_again(recording_id, now - FAILED_KEPT)
    if found is None:
        await rows.get_recording(recording_id)
        raise ConflictError(NOT_AGAIN)
    log.info("recording.tried_again", recording=recording_id)
    await _send(clients, found.id, _job_id(found))
    return found


async def cancel(clients: Clients, recording_id: int, now: datetime) -> None:
    """Stop an analysis; its job notices within a second or two. Nothing happens to one that has ended.

    Raises NotFoundError.
    """
    recording = await rows.get_recording(recording_id)
    if await rows.cancel_recording(recording_id, now):
        await clients.pictures.delete_folder(recording.folder)


async def delete(clients: Clients, recording_id: int) -> None:
    """Delete an ended analysis with its files. Raises NotFoundError, and ConflictError while it runs."""
    recording = await rows.get_recording(recording_id)
    if not recording.status.ended:
        raise ConflictError("This recording is still being analysed. Cancel it first, then delete it.")
    await rows.delete_recording(recording_id)
    await clients.pictures.delete_folder(recording.folder)


async def requeue_stalled(clients: Clients, now: datetime) -> int:
    """Send analyses again whose job died, or whose job never reached the queue; answers how many."""
    sent = 0
    for recording_id in await rows.list_stalled(now - timedelta(seconds=STALLED_S)):
        recording = await rows.get_recording(recording_id)
        sent += await _send(clients, recording_id, _job_id(recording))
    if sent:
        log.warning("recordings.requeued", count=sent)
    return sent


async def delete_abandoned(clients: Clients, now: datetime) -> int:
    """Delete files older than a day that a killed process left behind; answers in how many folders.

    All of a folder that no row knows, or whose recording was cancelled or failed too long ago to be tried again; the
    uploads of one that is done.
    """
    old: dict[str, list[str]] = {}
    for key in await clients.pictures.list_older(FOLDER, ABANDONED_S):
        _, folder, *names = key.split("/")
        old.setdefault(f"{FOLDER}/{folder}", []).extend(names)
    known = await rows.list_folders()  # read after the files: a row comes after its own
    found = 0
    for folder, names in old.items():
        status, ended_at = known.get(folder, (None, None))
        failed = status is RecordingStatus.FAILED and (ended_at is None or ended_at < now - FAILED_KEPT)
        if status is None or status is RecordingStatus.CANCELLED or failed:
            await clients.pictures.delete_folder(folder)
        elif status is RecordingStatus.DONE and not UPLOADS.isdisjoint(names):
            await _delete_uploads(clients, folder)
        else:
            continue
        found += 1
    if found:
        log.info("recordings.abandoned_deleted", count=found)
    return found


async def _delete_uploads(clients: Clients, folder: str) -> None:
    for name in UPLOADS:
        await clients.pictures.delete(f"{folder}/{name}")


def _job_id(recording: Recording) -> str:
    """The same for the same attempt, so that asking twice sends once.

    A killed worker leaves its job's id behind in the queue for an hour; that its attempt counts makes the next one new.
    """
    return f"recording-{recording.id}-{recording.attempt}"


async def _send(clients: Clients, recording_id: int, job_id: str) -> bool:
    try:
        return await clients.queue.enqueue(JOB, recording_id, job_id=job_id, queue=QueueName.RECORDINGS)
    except BusyError:
        log.warning("recordings.queue_away", recording=recording_id)
        return False
