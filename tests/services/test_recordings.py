"""Recordings asked for, followed, stopped, thrown away: with both databases and a real folder."""

import os
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, after, save_account, stand_ins

from parkhub.clients import Clients
from parkhub.clients.pictures import FolderStore
from parkhub.clients.queue import MemoryQueue, QueueName
from parkhub.db import recordings as rows
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.errors import BusyError, ConflictError, EngineError, FieldsError, NotFoundError
from parkhub.services import recordings
from parkhub.services.recording_uploads import SPOTS, VIDEO, new_folder
from parkhub.settings import Settings

WISH = recordings.Wish("Monday", Engine.DIFFERENCE, SpotsFileKind.CARPARKPOS, (107, 48), 2.0)


@pytest.fixture
def clients(tmp_path: Path) -> Clients:
    return replace(stand_ins(), pictures=FolderStore(tmp_path / "pictures"))


async def asked(clients: Clients, wish: recordings.Wish = WISH) -> Recording:
    """A recording whose files lie in the store."""
    account = await save_account()
    folder = new_folder()
    await clients.pictures.put(f"{folder}/{VIDEO}", b"video")
    await clients.pictures.put(f"{folder}/{SPOTS}", b"spots")
    return await recordings.request_recording(clients, account.id, folder, wish, NOW)


async def begun(clients: Clients, now: datetime) -> Recording:
    """A recording whose analysis has begun."""
    recording = await recordings.start((await asked(clients)).id, now)
    assert recording is not None
    return recording


def kept(clients: Clients, recording: Recording) -> set[str]:
    folder = clients.pictures.path(recording.folder)
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def jobs(clients: Clients) -> list[tuple[QueueName, str, tuple[object, ...], str]]:
    assert isinstance(clients.queue, MemoryQueue)
    return clients.queue.jobs


async def test_what_is_asked_for_waits_and_its_job_is_sent(database: Settings, clients: Clients) -> None:
    recording = await asked(clients)
    assert (recording.status, recording.title) == (RecordingStatus.WAITING, "Monday")
    assert [(queue, job, args) for queue, job, args, _ in jobs(clients)] == [
        (QueueName.RECORDINGS, "analyse_recording", (recording.id,))
    ]
    assert await recordings.read_order(clients, recording) == WISH


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (replace(WISH, title="x" * 121), "title"),
        (replace(WISH, title="Mon\0day"), "title"),
        (replace(WISH, every_s=0), "every_s"),
        (replace(WISH, every_s=float("nan")), "every_s"),
        (replace(WISH, box=(0, 48)), "box"),
    ],
)
async def test_a_wrong_wish_is_refused_and_nothing_is_kept(
    sqlite_open: Settings, clients: Clients, wish: recordings.Wish, field: str
) -> None:
    with pytest.raises(FieldsError) as caught:
        await asked(clients, wish)
    assert set(caught.value.fields) == {field}
    assert await rows.list_recordings(10) == []
    assert jobs(clients) == []


async def test_a_job_runs_to_its_end_and_the_upload_goes(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, after(1))
    assert await recordings.progress(recording, 0.5, after(2))
    await clients.pictures.put(f"{recording.folder}/summary.json", b"{}")
    assert await recordings.finish(clients, recording, {"spot_count": 2}, after(3))
    found = await rows.get_recording(recording.id)
    assert (found.status, found.progress, found.summary) == (RecordingStatus.DONE, 1.0, {"spot_count": 2})
    assert kept(clients, recording) == {"summary.json", "order.json"}


async def test_a_failure_keeps_its_sentence_and_what_was_uploaded(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, after(1))
    await recordings.fail(clients, recording, EngineError("The model is tired."), after(2))
    found = await rows.get_recording(recording.id)
    assert (found.status, found.error) == (RecordingStatus.FAILED, "The model is tired.")
    assert kept(clients, recording) == {"video", "spots", "order.json"}


async def test_a_failure_can_be_tried_again_for_a_week_with_all_attempts_before_it(
    database: Settings, clients: Clients
) -> None:
    recording = await begun(clients, after(1))
    with pytest.raises(ConflictError, match="has not failed"):
        await recordings.try_again(clients, recording.id, after(2))
    await recordings.fail(clients, recording, EngineError("The model is tired."), after(2))
    await recordings.try_again(clients, recording.id, after(3))
    assert jobs(clients)[-1][2:] == ((recording.id,), f"recording-{recording.id}-1")
    again = await recordings.start(recording.id, after(4))
    assert again is not None
    assert (again.attempt, again.attempts_before, again.error) == (2, 1, "")
    assert not await recordings.progress(recording, 0.5, after(5))
    await recordings.fail(clients, again, EngineError("Still tired."), after(6))
    late = after(6) + timedelta(days=7, seconds=1)
    with pytest.raises(ConflictError, match="no longer kept"):
        await recordings.try_again(clients, recording.id, late)
    a_day_later(clients)
    assert await recordings.delete_abandoned(clients, after(60)) == 0
    assert await recordings.delete_abandoned(clients, late) == 1
    assert kept(clients, recording) == set()
    with pytest.raises(NotFoundError):
        await recordings.try_again(clients, recording.id + 1, late)


async def test_a_cancelled_recording_stops_its_job_and_leaves_no_file(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, after(1))
    await recordings.cancel(clients, recording.id, after(2))
    assert not await recordings.progress(recording, 0.6, after(3))
    assert not await recordings.finish(clients, recording, {}, after(4))
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.CANCELLED
    assert kept(clients, recording) == set()


async def test_a_cancel_after_the_end_changes_nothing(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, after(1))
    await recordings.finish(clients, recording, {"a": 1}, after(2))
    await recordings.cancel(clients, recording.id, after(3))
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.DONE
    assert kept(clients, recording) == {"order.json"}


async def test_a_job_that_was_cancelled_while_it_waited_never_starts(database: Settings, clients: Clients) -> None:
    recording = await asked(clients)
    await recordings.cancel(clients, recording.id, after(1))
    assert await recordings.start(recording.id, after(2)) is None


async def test_deleting_takes_row_and_files(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, after(1))
    with pytest.raises(ConflictError, match="Cancel it first"):
        await recordings.delete(clients, recording.id)
    await recordings.finish(clients, recording, {}, after(2))
    await recordings.delete(clients, recording.id)
    assert kept(clients, recording) == set()
    with pytest.raises(NotFoundError):
        await rows.get_recording(recording.id)
    assert not await recordings.progress(recording, 0.9, after(3))


async def test_a_job_whose_worker_died_is_sent_again_once_per_death(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, NOW)
    await recordings.progress(recording, 0.4, after(10))
    assert await recordings.requeue_stalled(clients, after(69)) == 0
    assert await recordings.requeue_stalled(clients, after(71)) == 1
    assert await recordings.requeue_stalled(clients, after(91)) == 0
    assert len({job_id for *_, job_id in jobs(clients)}) == 2
    again = await recordings.start(recording.id, after(95))
    assert again is not None
    assert (again.attempt, again.progress) == (2, 0)
    assert await recordings.requeue_stalled(clients, after(156)) == 1


async def test_a_second_job_for_what_is_in_hand_does_nothing(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, NOW)
    await recordings.progress(recording, 0.4, after(3000))
    assert await recordings.start(recording.id, after(3059)) is None


@pytest.mark.parametrize("end", ["finished", "failed", "stopped"])
async def test_an_attempt_taken_for_dead_harms_neither_its_successor_nor_the_upload(
    database: Settings, clients: Clients, end: str
) -> None:
    taken_for_dead = await begun(clients, NOW)
    successor = await recordings.start(taken_for_dead.id, after(61))
    assert successor is not None
    assert not await recordings.progress(taken_for_dead, 0.6, after(62))
    if end == "finished":
        assert not await recordings.finish(clients, taken_for_dead, {}, after(63))
    elif end == "failed":
        assert not await recordings.fail(clients, taken_for_dead, EngineError("Its files were gone."), after(63))
    else:
        await recordings.stopped(clients, taken_for_dead)
    assert kept(clients, successor) == {"video", "spots", "order.json"}
    assert await recordings.progress(successor, 0.1, after(64))
    assert await recordings.finish(clients, successor, {"a": 1}, after(65))


async def test_a_job_handed_back_begins_again_at_once_and_does_not_count(database: Settings, clients: Clients) -> None:
    recording = await begun(clients, NOW)
    await recordings.hand_back(recording)
    again = await recordings.start(recording.id, after(1))
    assert again is not None
    assert again.attempt == 1


async def test_a_job_that_waits_its_turn_is_not_sent_twice(database: Settings, clients: Clients) -> None:
    await asked(clients)
    assert await recordings.requeue_stalled(clients, after(600)) == 0
    assert len(jobs(clients)) == 1


async def test_a_recording_asked_for_while_the_queue_is_away_is_sent_later(
    database: Settings, clients: Clients
) -> None:
    class Away(MemoryQueue):
        async def enqueue(self, *given: object, **more: object) -> bool:
            raise BusyError("The job queue is away.")

    recording = await asked(replace(clients, queue=Away()))
    assert recording.status is RecordingStatus.WAITING
    assert await recordings.requeue_stalled(clients, after(61)) == 1


def a_day_later(clients: Clients) -> None:
    yesterday = time.time() - 90_000
    for path in clients.pictures.path("recordings").rglob("*"):
        os.utime(path, (yesterday, yesterday))


async def put_upload(clients: Clients, folder: str) -> None:
    for name in ("video", "spots", "order.json"):
        await clients.pictures.put(f"{folder}/{name}", b"{}")


async def test_an_upload_that_never_became_a_recording_is_removed_after_a_day(
    database: Settings, clients: Clients
) -> None:
    recording = await asked(clients)
    lost = new_folder()
    await put_upload(clients, lost)
    assert await recordings.delete_abandoned(clients, after(60)) == 0
    a_day_later(clients)
    assert await recordings.delete_abandoned(clients, after(60)) == 1
    assert not clients.pictures.path(lost).exists()
    assert kept(clients, recording) == {"video", "spots", "order.json"}


@pytest.mark.parametrize(
    ("status", "left"),
    [
        (RecordingStatus.DONE, {"order.json"}),
        (RecordingStatus.FAILED, {"video", "spots", "order.json"}),
        (RecordingStatus.CANCELLED, set()),
        (RecordingStatus.RUNNING, {"video", "spots", "order.json"}),
        (None, set()),
    ],
)
async def test_what_a_process_killed_between_row_and_files_leaves_is_removed_after_a_day(
    database: Settings, clients: Clients, status: RecordingStatus | None, left: set[str]
) -> None:
    recording = await begun(clients, NOW)
    if status is None:
        await rows.delete_recording(recording.id)
    elif status is RecordingStatus.CANCELLED:
        await rows.cancel_recording(recording.id, after(1))
    elif status.ended:
        await rows.finish_recording(recording.id, recording.attempt, status, {}, "", after(1))
    a_day_later(clients)
    going = status not in (RecordingStatus.RUNNING, RecordingStatus.FAILED)
    assert await recordings.delete_abandoned(clients, after(60)) == going
    assert kept(clients, recording) == left
    assert await recordings.delete_abandoned(clients, after(60)) == 0
