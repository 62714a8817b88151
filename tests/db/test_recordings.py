"""Recordings in both databases."""

import asyncio

import pytest
from builders import NOW, after, save_account, save_recording

from parkhub.db import recordings
from parkhub.domain.cameras import Engine
from parkhub.domain.recordings import RecordingStatus
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings

SUMMARY = {"frames": 12, "spots": [{"id": "Ä1", "free_share": 0.25}], "note": "{}"}


async def test_a_recording_comes_back_as_it_was_added(database: Settings) -> None:
    account = await save_account()
    saved = await recordings.add_recording("Monday {1}", account.id, Engine.DIFFERENCE, "recordings/1", NOW)
    assert await recordings.get_recording(saved.id) == saved
    assert (saved.status, saved.progress, saved.summary) == (RecordingStatus.WAITING, 0.0, None)


async def test_a_recording_needs_an_account(database: Settings) -> None:
    with pytest.raises(ConflictError):
        await recordings.add_recording("Monday", 4711, Engine.CLASSIFIER, "recordings/1", NOW)


async def test_recordings_are_listed_newest_first(database: Settings) -> None:
    account = await save_account()
    saved = [await save_recording(account, after(number)) for number in range(3)]
    assert [found.id for found in await recordings.list_recordings(2)] == [saved[2].id, saved[1].id]


async def test_an_analysis_runs_to_its_end(database: Settings) -> None:
    saved = await save_recording()
    assert await recordings.start_recording(saved.id, after(1), NOW) == await recordings.get_recording(saved.id)
    assert await recordings.report_progress(saved.id, 1, 0.5, after(2))
    running = await recordings.get_recording(saved.id)
    assert (running.progress, running.started_at, running.alive_at) == (0.5, after(1), after(2))
    assert await recordings.finish_recording(saved.id, 1, RecordingStatus.DONE, SUMMARY, "", after(3))
    done = await recordings.get_recording(saved.id)
    assert (done.status, done.progress, done.summary, done.ended_at) == (
        RecordingStatus.DONE,
        1.0,
        SUMMARY,
        after(3),
    )


async def test_an_analysis_begins_again_after_a_crash_and_remembers_its_first_start(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, after(1), NOW)
    await recordings.report_progress(saved.id, 1, 0.5, after(2))
    again = await recordings.start_recording(saved.id, after(9), after(3))
    assert again is not None
    assert (again.attempt, again.progress, again.started_at, again.alive_at) == (2, 0.0, after(1), after(9))


async def test_an_analysis_that_gives_signs_of_life_is_not_begun_again(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, after(1), NOW)
    await recordings.report_progress(saved.id, 1, 0.5, after(3))
    assert await recordings.start_recording(saved.id, after(9), after(3)) is None
    assert (await recordings.get_recording(saved.id)).progress == 0.5


async def test_an_analysis_is_begun_once_however_many_jobs_come_for_it(database: Settings) -> None:
    saved = await save_recording()
    begun = await asyncio.gather(*(recordings.start_recording(saved.id, after(1), NOW) for _ in range(10)))
    assert sum(recording is not None for recording in begun) == 1


async def test_an_attempt_that_was_taken_for_dead_is_not_heard_any_more(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, after(1), NOW)
    await recordings.start_recording(saved.id, after(70), after(10))
    assert not await recordings.report_progress(saved.id, 1, 0.9, after(71))
    assert not await recordings.hand_back_recording(saved.id, 1)
    assert not await recordings.finish_recording(
        saved.id, 1, RecordingStatus.FAILED, None, "No video in it.", after(72)
    )
    running = await recordings.get_recording(saved.id)
    assert (running.status, running.attempt, running.progress) == (RecordingStatus.RUNNING, 2, 0.0)
    assert await recordings.finish_recording(saved.id, 2, RecordingStatus.DONE, SUMMARY, "", after(73))


async def test_an_analysis_handed_back_waits_as_if_it_had_never_begun(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, after(1), NOW)
    await recordings.report_progress(saved.id, 1, 0.5, after(2))
    assert await recordings.hand_back_recording(saved.id, 1)
    back = await recordings.get_recording(saved.id)
    assert (back.status, back.attempt, back.progress) == (RecordingStatus.WAITING, 0, 0.0)
    assert not await recordings.report_progress(saved.id, 1, 0.6, after(3))
    assert await recordings.start_recording(saved.id, after(4), NOW) is not None


async def test_the_job_hears_of_a_cancel_and_cannot_finish_any_more(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, NOW, NOW)
    assert await recordings.cancel_recording(saved.id, after(1))
    assert not await recordings.report_progress(saved.id, 1, 0.9, after(2))
    assert not await recordings.finish_recording(saved.id, 1, RecordingStatus.DONE, SUMMARY, "", after(3))
    assert await recordings.start_recording(saved.id, after(4), after(4)) is None
    cancelled = await recordings.get_recording(saved.id)
    assert (cancelled.status, cancelled.progress, cancelled.summary) == (RecordingStatus.CANCELLED, 0.0, None)


async def test_a_waiting_recording_can_be_cancelled_and_an_ended_one_cannot(database: Settings) -> None:
    saved = await save_recording()
    assert await recordings.cancel_recording(saved.id, NOW)
    assert not await recordings.cancel_recording(saved.id, NOW)


async def test_a_failed_analysis_keeps_its_reason(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, NOW, NOW)
    assert await recordings.finish_recording(saved.id, 1, RecordingStatus.FAILED, None, "No video in it.", NOW)
    failed = await recordings.get_recording(saved.id)
    assert (failed.status, failed.error, failed.progress) == (RecordingStatus.FAILED, "No video in it.", 0.0)


async def test_an_analysis_ends_once_however_many_try(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, NOW, NOW)
    ends = await asyncio.gather(
        *(recordings.finish_recording(saved.id, 1, RecordingStatus.DONE, {}, "", NOW) for _ in range(10)),
        *(recordings.cancel_recording(saved.id, NOW) for _ in range(10)),
    )
    assert ends.count(True) == 1


async def test_recordings_without_a_sign_of_life_are_found(database: Settings) -> None:
    account = await save_account()
    lost = await save_recording(account, NOW)
    silent = await save_recording(account, NOW)
    alive = await save_recording(account, NOW)
    ended = await save_recording(account, NOW)
    await save_recording(account, after(60))
    for recording in (silent, alive, ended):
        await recordings.start_recording(recording.id, after(1), NOW)
    await recordings.report_progress(alive.id, 1, 0.1, after(60))
    await recordings.cancel_recording(ended.id, after(2))
    assert await recordings.list_stalled(after(60)) == [lost.id, silent.id]


async def test_a_deleted_recording_is_gone_and_its_id_is_never_given_again(database: Settings) -> None:
    account = await save_account()
    saved = await save_recording(account)
    await recordings.delete_recording(saved.id)
    with pytest.raises(NotFoundError):
        await recordings.get_recording(saved.id)
    assert not await recordings.report_progress(saved.id, 1, 0.5, NOW)
    assert (await save_recording(account)).id > saved.id


async def test_progress_beyond_the_end_is_refused_by_the_database(database: Settings) -> None:
    saved = await save_recording()
    await recordings.start_recording(saved.id, NOW, NOW)
    with pytest.raises(ConflictError):
        await recordings.report_progress(saved.id, 1, 1.5, NOW)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**4000], ids=["0", "-1", "2**31", "2**63", "10**4000"])
async def test_no_recording_has_a_number_outside_its_column(database: Settings, number: int) -> None:
    with pytest.raises(NotFoundError):
        await recordings.get_recording(number)
