"""The job: one uploaded video, with a real database and folder and a stand-in engine."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import videos
from builders import save_account, stand_ins

from parkhub.clients import Clients
from parkhub.clients.pictures import FolderStore
from parkhub.db import recordings as rows
from parkhub.db.engine import close_database, open_database
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.errors import BusyError
from parkhub.services import recordings as service
from parkhub.services.recording_uploads import SPOTS, VIDEO, new_folder
from parkhub.settings import Settings
from tasks.recordings import ATTEMPTS_MAX, GONE, analyse_recording
from tasks.vision.analysis import Order, analyse
from tasks.vision.engine import Look, SpotEngine


class OneEngine:
    """Stands in for `Engines`: always the same one."""

    def __init__(self, engine: SpotEngine) -> None:
        self.engine = engine

    async def get(self, name: Engine) -> SpotEngine:
        return self.engine


class HeldEngine(videos.BrightEngine):
    """Looks once, then waits to be let go; as a slow model would."""

    def __init__(self) -> None:
        super().__init__()
        self.looking, self.go_on = threading.Event(), threading.Event()

    def look(self, *given: Any) -> Look:
        if self.memories:
            self.looking.set()
            assert self.go_on.wait(60)
        return super().look(*given)


@pytest.fixture
async def ctx(sqlite_settings: Settings, tmp_path: Path) -> Any:
    await open_database(sqlite_settings)
    clients = replace(stand_ins(), pictures=FolderStore(tmp_path / "pictures"))
    yield {"clients": clients, "settings": sqlite_settings, "engines": OneEngine(videos.BrightEngine())}
    await close_database()


async def uploaded(clients: Clients, video: bytes, spots: bytes | None = None) -> Recording:
    account = await save_account()
    folder = new_folder()
    await clients.pictures.put(f"{folder}/{VIDEO}", video)
    await clients.pictures.put(f"{folder}/{SPOTS}", videos.mask_png() if spots is None else spots)
    wish = service.Wish("Monday", Engine.CLASSIFIER, SpotsFileKind.MASK)
    return await service.request_recording(clients, account.id, folder, wish, datetime.now(UTC))


def a_video(tmp_path: Path) -> bytes:
    return videos.write(tmp_path / "lot.mp4").read_bytes()


def kept(clients: Clients, recording: Recording) -> set[str]:
    folder = clients.pictures.path(recording.folder)
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


async def test_a_recording_is_analysed(ctx: dict[str, Any], tmp_path: Path) -> None:
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    await analyse_recording(ctx, recording.id)
    found = await rows.get_recording(recording.id)
    assert found.status is RecordingStatus.DONE
    assert found.summary is not None
    assert (found.summary["title"], found.summary["change_count"]) == ("Monday", 1)
    assert kept(ctx["clients"], recording) == {"annotated.mp4", "summary.json", "timeline.csv", "order.json"}


async def test_a_job_run_twice_changes_nothing_the_second_time(ctx: dict[str, Any], tmp_path: Path) -> None:
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    await analyse_recording(ctx, recording.id)
    first = await rows.get_recording(recording.id)
    await analyse_recording(ctx, recording.id)
    assert await rows.get_recording(recording.id) == first
    assert "annotated.mp4" in kept(ctx["clients"], recording)


@pytest.mark.parametrize(
    ("video", "spots", "words"),
    [
        (b"this is text", None, "not a video"),
        (b"", None, "empty"),
        (None, videos.mask_png((320, 100)), "another shape"),
        (None, videos.mask_png()[:300], "picture"),
    ],
    ids=["text", "empty", "mask of another shape", "damaged mask"],
)
async def test_what_cannot_be_analysed_ends_with_a_sentence_and_keeps_what_was_uploaded(
    ctx: dict[str, Any], tmp_path: Path, video: bytes | None, spots: bytes | None, words: str
) -> None:
    recording = await uploaded(ctx["clients"], a_video(tmp_path) if video is None else video, spots)
    await analyse_recording(ctx, recording.id)
    found = await rows.get_recording(recording.id)
    assert found.status is RecordingStatus.FAILED
    assert words in found.error
    assert str(tmp_path) not in found.error
    assert kept(ctx["clients"], recording) == {"video", "spots", "order.json"}


async def test_files_that_are_gone_are_said_to_be_gone(ctx: dict[str, Any], tmp_path: Path) -> None:
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    await ctx["clients"].pictures.delete(f"{recording.folder}/{VIDEO}")
    await analyse_recording(ctx, recording.id)
    assert (await rows.get_recording(recording.id)).error == GONE


async def test_a_fault_of_ours_is_not_shown_but_said(ctx: dict[str, Any], tmp_path: Path) -> None:
    class Broken(videos.BrightEngine):
        def look(self, *given: Any) -> Look:
            raise ZeroDivisionError("secret detail")

    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    await analyse_recording({**ctx, "engines": OneEngine(Broken())}, recording.id)
    found = await rows.get_recording(recording.id)
    assert found.status is RecordingStatus.FAILED
    assert "secret" not in found.error
    assert "fault in ParkHub" in found.error


async def test_what_is_away_for_a_while_costs_neither_the_recording_nor_its_upload(
    ctx: dict[str, Any], tmp_path: Path
) -> None:
    class Away:
        async def get(self, name: Engine) -> SpotEngine:
            raise BusyError("The database is away.")

    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    with pytest.raises(BusyError):
        await analyse_recording({**ctx, "engines": Away()}, recording.id)
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.WAITING
    await analyse_recording(ctx, recording.id)
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.DONE


async def test_a_job_that_broke_off_after_its_files_and_before_its_row_looks_at_nothing_again(
    ctx: dict[str, Any], tmp_path: Path
) -> None:
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    folder = ctx["clients"].pictures.path(recording.folder)
    first = analyse(Order(folder / VIDEO, videos.SPOTS, folder), videos.BrightEngine())
    engine = videos.BrightEngine()
    await analyse_recording({**ctx, "engines": OneEngine(engine)}, recording.id)
    assert engine.memories == []
    found = await rows.get_recording(recording.id)
    assert (found.status, found.summary) == (RecordingStatus.DONE, first)


async def test_progress_is_told_while_it_runs_and_a_cancel_stops_it(
    ctx: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, tell, heard = HeldEngine(), service.progress, asyncio.Event()

    async def noted(*told: Any) -> bool:
        go_on = await tell(*told)
        if not go_on:
            heard.set()
        return go_on

    monkeypatch.setattr(service, "progress", noted)
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    job = asyncio.create_task(analyse_recording({**ctx, "engines": OneEngine(engine)}, recording.id))
    assert await asyncio.to_thread(engine.looking.wait, 60)
    while (await rows.get_recording(recording.id)).progress == 0:
        await asyncio.sleep(0.05)
    running = await rows.get_recording(recording.id)
    assert running.status is RecordingStatus.RUNNING
    assert running.alive_at is not None
    await service.cancel(ctx["clients"], recording.id, datetime.now(UTC))
    await asyncio.wait_for(heard.wait(), 60)  # the job's own beat hears of the cancel
    engine.go_on.set()
    await job
    assert len(engine.memories) == 2
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.CANCELLED
    assert kept(ctx["clients"], recording) == set()


async def test_a_job_whose_worker_stops_goes_back_and_starts_over_cleanly(ctx: dict[str, Any], tmp_path: Path) -> None:
    engine = HeldEngine()
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    job = asyncio.create_task(analyse_recording({**ctx, "engines": OneEngine(engine)}, recording.id))
    assert await asyncio.to_thread(engine.looking.wait, 60)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    engine.go_on.set()
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.WAITING
    (ctx["clients"].pictures.path(recording.folder) / ".part-of-a-killed-run").mkdir()
    await analyse_recording(ctx, recording.id)
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.DONE
    assert kept(ctx["clients"], recording) == {"annotated.mp4", "summary.json", "timeline.csv", "order.json"}


async def test_a_second_job_leaves_the_one_that_is_at_work_alone(ctx: dict[str, Any], tmp_path: Path) -> None:
    engine = HeldEngine()
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    job = asyncio.create_task(analyse_recording({**ctx, "engines": OneEngine(engine)}, recording.id))
    assert await asyncio.to_thread(engine.looking.wait, 60)
    await analyse_recording(ctx, recording.id)
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.RUNNING
    engine.go_on.set()
    await job
    assert (await rows.get_recording(recording.id)).status is RecordingStatus.DONE
    assert kept(ctx["clients"], recording) == {"annotated.mp4", "summary.json", "timeline.csv", "order.json"}


async def test_a_video_that_kills_its_worker_every_time_is_given_up(ctx: dict[str, Any], tmp_path: Path) -> None:
    recording = await uploaded(ctx["clients"], a_video(tmp_path))
    long_ago = datetime.now(UTC) - timedelta(days=1)
    for number in range(ATTEMPTS_MAX):
        assert await service.start(recording.id, long_ago + timedelta(hours=number))
    await analyse_recording(ctx, recording.id)
    found = await rows.get_recording(recording.id)
    assert found.status is RecordingStatus.FAILED
    assert "given up" in found.error
