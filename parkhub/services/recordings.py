"""Recordings: ask for an analysis, follow it, stop it, throw it away."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import recordings as rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.recordings import EVERY_S, EVERY_S_MAX, EVERY_S_MIN, Recording, RecordingStatus
from parkhub.errors import BusyError, ConflictError, FieldsError, NotFoundError, ParkHubError

FOLDER: Final = "recordings"
VIDEO: Final = "video"
SPOTS: Final = "spots"
ORDER: Final = "order.json"
ATTEMPTS: Final = "attempts"
JOB: Final = "analyse_recording"
TITLE_LENGTH_MAX: Final = 120
BOX_SIDE_MAX: Final = 4000
STALLED_S: Final = 60.0
ABANDONED_S: Final = 86_400.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do with an uploaded video. ``box``: width and height in pixels of a CarParkPos file's spots."""

    title: str
    engine: Engine
    spots_kind: SpotsFileKind
    box: tuple[int, int] | None = None
    every_s: float = EVERY_S


def new_folder() -> str:
    """A key prefix nobody can guess and nothing has used; the uploads go to its `VIDEO` and `SPOTS`."""
    return f"{FOLDER}/{secrets.token_hex(16)}"


def check_wish(wish: Wish) -> None:
    """Raises FieldsError, one sentence a field."""
    wrong = {}
    if len(wish.title) > TITLE_LENGTH_MAX:
        wrong["title"] = f"Use at most {TITLE_LENGTH_MAX} letters."
    if not EVERY_S_MIN <= wish.every_s <= EVERY_S_MAX:
        wrong["every_s"] = f"Give {EVERY_S_MIN:g} to {EVERY_S_MAX:g} seconds."
    if wish.box is not None and not all(1 <= side <= BOX_SIDE_MAX for side in wish.box):
        wrong["box"] = f"Give 1 to {BOX_SIDE_MAX} pixels each way."
    if wrong:
        raise FieldsError(wrong)


async def request_recording(clients: Clients, account_id: int, folder: str, wish: Wish, now: datetime) -> Recording:
    """Have the video that lies in ``folder`` analysed. Raises FieldsError.

    When the queue is away the recording waits all the same: `requeue_stalled` sends it later.
    """
    check_wish(wish)
    order = {"kind": wish.spots_kind, "box": wish.box, "every_s": wish.every_s}
    await clients.pictures.put(f"{folder}/{ORDER}", json.dumps(order).encode())
    async with transaction():
        recording = await rows.add_recording(wish.title.strip() or "Recording", account_id, wish.engine, folder, now)
    await _send(clients, recording.id, _job_id(recording))
    return recording


async def read_order(clients: Clients, recording: Recording) -> Wish:
    """What was asked for. Raises NotFoundError when its files are gone."""
    order = json.loads(await clients.pictures.get(f"{recording.folder}/{ORDER}"))
    box = tuple(order["box"]) if order["box"] else None
    return Wish(recording.title, recording.engine, SpotsFileKind(order["kind"]), box, order["every_s"])


async def start(clients: Clients, recording_id: int, now: datetime) -> Recording | None:
    """Begin, or begin again after a crash. None: it has ended or was deleted meanwhile."""
    async with transaction():
        if not await rows.start_recording(recording_id, now):
            return None
        recording = await rows.get_recording(recording_id)
    await _announce(clients, recording_id)
    return recording


async def count_attempt(clients: Clients, recording: Recording) -> int:
    """Note that a job begins, and answer which attempt it is: a video that kills its worker must not do so for ever."""
    key = f"{recording.folder}/{ATTEMPTS}"
    try:
        count = int(await clients.pictures.get(key)) + 1
    except NotFoundError:
        count = 1
    await clients.pictures.put(key, str(count).encode())
    return count


async def progress(clients: Clients, recording_id: int, share: float, now: datetime) -> bool:
    """Note how far the job is, 0..1, and that it lives; False when it shall stop."""
    try:
        status = await rows.report_progress(recording_id, share, now)
    except NotFoundError:
        return False
    await _announce(clients, recording_id)
    return status is RecordingStatus.RUNNING


async def finish(clients: Clients, recording: Recording, summary: dict[str, Any], now: datetime) -> bool:
    """Keep the result; the uploaded video goes, as the annotated one shows the same. False: it had ended before."""
    kept = await rows.finish_recording(recording.id, RecordingStatus.DONE, summary, "", now)
    if kept:
        for name in (VIDEO, SPOTS, ATTEMPTS):
            await clients.pictures.delete(f"{recording.folder}/{name}")
    else:
        await _forget_unless_done(clients, recording)
    await _announce(clients, recording.id)
    return kept


async def fail(clients: Clients, recording: Recording, error: ParkHubError, now: datetime) -> bool:
    """Keep the sentence that says why, and nothing else."""
    kept = await rows.finish_recording(recording.id, RecordingStatus.FAILED, None, str(error), now)
    await _forget_unless_done(clients, recording)
    await _announce(clients, recording.id)
    return kept


async def stopped(clients: Clients, recording: Recording) -> None:
    """The job has stopped because it was told to; what it may still have written goes."""
    await _forget_unless_done(clients, recording)


async def cancel(clients: Clients, recording_id: int, now: datetime) -> None:
    """Stop an analysis; its job notices within a second. Nothing happens to one that has ended.

    Raises NotFoundError.
    """
    recording = await rows.get_recording(recording_id)
    if await rows.cancel_recording(recording_id, now):
        await clients.pictures.delete_folder(recording.folder)
        await _announce(clients, recording_id)


async def delete(clients: Clients, recording_id: int) -> None:
    """Delete an ended analysis with its files. Raises NotFoundError, and ConflictError while it runs."""
    recording = await rows.get_recording(recording_id)
    if not recording.status.ended:
        raise ConflictError("This recording is still being analysed. Cancel it first, then delete it.")
    await rows.delete_recording(recording_id)
    await clients.pictures.delete_folder(recording.folder)
    await _announce(clients, recording_id)


async def requeue_stalled(clients: Clients, now: datetime) -> int:
    """Send analyses again whose job died, or whose job never reached the queue; answers how many."""
    sent = 0
    for recording_id in await rows.list_stalled(now - timedelta(seconds=STALLED_S)):
        recording = await rows.get_recording(recording_id)
        sent += await _send(clients, recording_id, _job_id(recording))
    if sent:
        log.warning("recordings.requeued", count=sent)
    return sent


async def delete_abandoned(clients: Clients) -> int:
    """Remove what is left of uploads that never became a recording; answers how many."""
    old = {key.split("/")[1] for key in await clients.pictures.list_older(FOLDER, ABANDONED_S)}
    found = 0
    for name in sorted(old):
        folder = f"{FOLDER}/{name}"
        try:
            await clients.pictures.get(f"{folder}/{ORDER}")
        except NotFoundError:
            await clients.pictures.delete_folder(folder)
            found += 1
    return found


def _job_id(recording: Recording) -> str:
    """The same for the same attempt, so that asking twice sends once.

    A dead worker leaves its attempt's id behind in the queue for an hour; the last sign of life makes the next one new.
    """
    attempt = 0 if recording.alive_at is None else int(recording.alive_at.timestamp() * 1000)
    return f"recording-{recording.id}-{attempt}"


async def _send(clients: Clients, recording_id: int, job_id: str) -> bool:
    try:
        return await clients.queue.enqueue(JOB, recording_id, job_id=job_id, queue=QueueName.RECORDINGS)
    except BusyError:
        log.warning("recordings.queue_away", recording=recording_id)
        return False


async def _forget_unless_done(clients: Clients, recording: Recording) -> None:
    """Two attempts can run at once when one was thought dead; the loser must not take the winner's result away."""
    try:
        done = (await rows.get_recording(recording.id)).status is RecordingStatus.DONE
    except NotFoundError:
        done = False
    if not done:
        await clients.pictures.delete_folder(recording.folder)


async def _announce(clients: Clients, recording_id: int) -> None:
    await clients.live.announce(f"recording:{recording_id}")
