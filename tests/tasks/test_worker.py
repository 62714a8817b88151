import asyncio
import gc
import hashlib
import signal
import sqlite3
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import servers
from arq import Worker
from builders import a_new_frame, a_track, save_camera, save_frame, stand_ins
from processes import running
from redis.asyncio import Redis
from workers import ROOT, a_row, end_marks, places, worker

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.clients.queue import MemoryQueue, QueueName
from parkhub.db import cameras, frames, lots, spots
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.spots import Debounce, SpotState
from parkhub.errors import BusyError
from parkhub.services.frames import Upload, accept_frame
from parkhub.settings import Settings
from tasks.frames import CameraTurns
from tasks.queue import TRIES_MAX, function, keep_working, make_worker, makers
from tasks.schedule import Job, vision_lines, work_lines

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


@pytest.fixture
def shared(database: Settings, redis_url: str) -> Settings:
    """An open database and a Redis that processes of their own can reach too."""
    return database.model_copy(update={"redis_url": redis_url})


@pytest.fixture
async def clients(shared: Settings) -> AsyncIterator[Clients]:
    found = await open_clients(shared)
    yield found
    await close_clients(found)


async def until(true: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
    """Ask (a function, awaited if need be) until the answer is a yes."""
    async with asyncio.timeout(timeout_s):
        while True:
            answer = true()
            found = await answer if asyncio.iscoroutine(answer) else answer
            if found:
                return found
            await asyncio.sleep(0.02)
    raise AssertionError(f"gave up waiting for {what}")


async def upload(clients: Clients, settings: Settings, camera: Camera, sequence: int, picture: bytes) -> Frame:
    now = datetime.now(UTC)
    given = Upload(sequence, now, picture, hashlib.sha256(picture).hexdigest(), None, now)
    return (await accept_frame(clients, settings, camera, given)).frame


async def status(frame: Frame) -> FrameStatus:
    return (await frames.get_frame(frame.id)).status


async def begun(clients: Clients, frame: Frame) -> bool:
    assert isinstance(clients.redis, Redis)
    return bool(await clients.redis.exists(f"arq:in-progress:frame:{frame.id}"))


async def states(camera: Camera) -> list[SpotState]:
    return [track.state for track in (await spots.load_tracks(camera.id)).values()]


class TestVision:
    async def test_a_vision_process_reads_what_is_uploaded_until_it_is_told_to_stop(
        self, shared: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(spots_seen=places(4), engine=Engine.DIFFERENCE, debounce=Debounce(1, 1))
        with worker("vision", shared, tmp_path) as vision:
            for sequence, taken in enumerate([(), (1, 3)]):
                frame = await upload(clients, shared, camera, sequence, a_row(4, taken))
                await until(lambda frame=frame: is_read(frame), "the frame to be read")
            assert await states(camera) == [FREE, OCCUPIED, FREE, OCCUPIED]
            vision.signal(signal.SIGTERM)
            assert vision.end() == 0
        assert "Traceback" not in vision.stderr

    @pytest.mark.slow
    async def test_a_frame_whose_reader_is_killed_in_the_middle_is_read_once_more_with_one_effect(
        self, shared: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(spots_seen=places(2), engine=Engine.DIFFERENCE, debounce=Debounce(2, 3))
        with worker("vision", shared, tmp_path) as vision:
            first = await upload(clients, shared, camera, 0, a_row(2, ()))
            await until(lambda: is_read(first), "the first frame")
            second = await upload_unasked(clients, shared, camera, 1, a_row(2, (0,)))
            async with transaction():
                await spots.load_tracks(camera.id)  # holds the camera: the job cannot save what it has seen
                await ask_for(clients, second)
                await until(lambda: begun(clients, second), "the job to begin")
                await asyncio.sleep(0.3)
                vision.signal(signal.SIGKILL)
                vision.end()
        assert await status(second) is FrameStatus.STORED
        await end_marks(clients)
        with worker("vision", shared, tmp_path):
            await until(lambda: is_read(second), "the frame to be read once more")
            await until(lambda: nothing_waits(clients), "the job to be over")
        tracks = await spots.load_tracks(camera.id)
        assert [track.recent for track in tracks.values()] == ["fo", "ff"]
        assert await states(camera) == [FREE, FREE]
        assert len(await spots.list_changes(camera.lot_id, 100)) == 2

    @pytest.mark.slow
    async def test_a_job_in_hand_goes_back_to_the_queue_when_its_process_is_told_to_stop(
        self, shared: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(spots_seen=places(2), engine=Engine.DIFFERENCE)
        with worker("vision", shared, tmp_path) as vision:
            await until(lambda: vision.log_lines("worker.started"), "the start")
            frame = await upload_unasked(clients, shared, camera, 1, a_row(2, (0,)))
            async with transaction():
                await spots.load_tracks(camera.id)
                await ask_for(clients, frame)
                await until(lambda: begun(clients, frame), "the job to begin")
                vision.signal(signal.SIGTERM)
                assert vision.end() == 0
        assert not await begun(clients, frame)
        with worker("vision", shared, tmp_path):
            await until(lambda: is_read(frame), "the frame to be read by another process")

    @pytest.mark.slow
    async def test_a_redis_that_goes_away_for_a_while_ends_no_process(
        self, shared: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(spots_seen=places(2), engine=Engine.DIFFERENCE)
        with worker("vision", shared, tmp_path) as vision:
            await until(lambda: vision.log_lines("worker.started"), "the start")
            for _ in range(20):
                await clients.redis.client_kill_filter(_type="normal", skipme=True)  # type: ignore[union-attr]
                await asyncio.sleep(0.05)
            frame = await upload(clients, shared, camera, 0, a_row(2, ()))
            await until(lambda: is_read(frame), "the frame to be read")
            assert vision.process.poll() is None


async def is_read(frame: Frame) -> bool:
    return await status(frame) is FrameStatus.READ


async def nothing_waits(clients: Clients) -> bool:
    return await clients.queue.waiting(QueueName.FRAMES) == 0


async def upload_unasked(clients: Clients, settings: Settings, camera: Camera, sequence: int, picture: bytes) -> Frame:
    """A stored frame that nobody has been asked to read."""
    return await upload(replace(clients, queue=MemoryQueue()), settings, camera, sequence, picture)


async def ask_for(clients: Clients, frame: Frame) -> None:
    await clients.queue.enqueue("read_frame", frame.id, job_id=f"frame:{frame.id}", queue=QueueName.FRAMES)


class TestWork:
    @pytest.mark.slow
    async def test_a_work_process_turns_unseen_spots_unknown_finds_lost_frames_and_takes_samples(
        self, shared: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(spots_seen=1, stale_after_s=0.5)
        await save_track(camera, FREE)
        start = datetime.now(UTC) - timedelta(minutes=5)
        lost = await frames.add_frame(a_new_frame(camera.id, received_at=datetime.now(UTC) - timedelta(minutes=1)))
        assert lost is not None
        with worker("work", shared, tmp_path) as work:
            await until(lambda: is_state(camera, UNKNOWN), "the spot to turn unknown")
            await until(lambda: clients.queue.holds(f"frame:{lost.id}"), "the frame to be asked for")
            await until(lambda: lots.list_samples(camera.lot_id, start, start + timedelta(hours=1)), "a sample")
            work.signal(signal.SIGTERM)
            assert work.end() == 0
        assert "Traceback" not in work.stderr

    async def test_mail_servers_and_providers_that_do_not_answer_hold_up_no_event(self, settings: Settings) -> None:
        given = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})  # nothing connects
        of = {worker.queue_name: worker for worker in (make() for make in makers({"settings": given}, work_lines()))}
        work = of[QueueName.WORK.key]
        assert "handle_event" in work.functions
        assert not {"send_letters", "charge_stay", "keep_cards"} & set(work.functions)
        assert work.in_progress_timeout_s <= 30, "so long an event waits whose worker was killed"
        assert set(of[QueueName.MAIL.key].functions) == {"send_letters", "keep_mail"}
        assert set(of[QueueName.CHARGES.key].functions) == {"charge_stay", "keep_cards"}

    async def test_it_never_loads_a_vision_library(self, tmp_path: Path) -> None:
        code = (
            "import sys, tasks.worker as worker; worker.makers({}, worker.work_lines());"
            "print([name for name in ('cv2', 'numpy', 'onnxruntime', 'av') if name in sys.modules])"
        )
        with running([sys.executable, "-c", code], tmp_path, cwd=ROOT) as program:
            assert program.end() == 0
            assert program.stdout.strip() == "[]"


async def save_track(camera: Camera, state: SpotState) -> None:
    now = datetime.now(UTC)
    frame = await frames.add_frame(a_new_frame(camera.id, received_at=now))
    assert frame is not None
    await frames.finish_frame(frame.id, FrameStatus.READ, 1.0, [], "")
    await spots.save_tracks(camera.id, [a_track("A1", state, seen_at=now, since=now)])
    await cameras.set_last_look(camera.id, frame.id, now)


async def is_state(camera: Camera, state: SpotState) -> bool:
    return await states(camera) == [state]


class TestTrying:
    """What becomes of a job that fails, with a real queue and a worker in this process."""

    @pytest.fixture
    async def run(
        self, settings: Settings, redis_url: str, opened: Callable[[Settings], Awaitable[Clients]]
    ) -> Callable[..., Any]:
        given = settings.model_copy(update={"redis_url": redis_url})
        clients = await opened(given)

        async def run(job: Job, argument: int) -> None:
            await clients.queue.enqueue(job.name, argument, job_id="job:1", queue=QueueName.FRAMES)
            ctx = {"settings": given, "clients": clients}
            working = asyncio.create_task(
                keep_working(lambda: make_worker(ctx, QueueName.FRAMES, [job], max_jobs=2, poll_delay=0.01))
            )

            async def over() -> bool:
                return not await clients.queue.holds("job:1")

            await until(over, "the job to be over")
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

        return run

    async def test_a_fault_is_tried_three_times_and_then_given_up(self, run: Callable[..., Any]) -> None:
        told: list[tuple[str, int]] = []

        async def faulty(ctx: dict[str, Any], number: int) -> None:
            told.append(("try", number))
            raise ZeroDivisionError

        async def give_up(ctx: dict[str, Any], number: int) -> None:
            told.append(("given up", number))

        await run(Job(faulty, 5, give_up, retry_delay_s=0.01), 7)
        assert told == [("try", 7)] * TRIES_MAX + [("given up", 7)]

    async def test_a_job_that_works_the_second_time_is_not_given_up(self, run: Callable[..., Any]) -> None:
        told: list[str] = []

        async def shaky(ctx: dict[str, Any], number: int) -> None:
            told.append("try")
            if len(told) == 1:
                raise ZeroDivisionError

        async def give_up(ctx: dict[str, Any], number: int) -> None:
            told.append("given up")

        await run(Job(shaky, 5, give_up, retry_delay_s=0.01), 7)
        assert told == ["try", "try"]

    async def test_what_is_away_is_never_given_up_but_left_for_upkeep(self, run: Callable[..., Any]) -> None:
        told: list[str] = []

        async def waiting(ctx: dict[str, Any], number: int) -> None:
            told.append("try")
            raise BusyError("The database is away.")

        async def give_up(ctx: dict[str, Any], number: int) -> None:
            told.append("given up")

        await run(Job(waiting, 5, give_up, retry_delay_s=0.01), 7)
        assert told == ["try"] * TRIES_MAX

    async def test_a_job_that_takes_too_long_is_ended_and_left_for_upkeep(self, run: Callable[..., Any]) -> None:
        told: list[str] = []

        async def endless(ctx: dict[str, Any], number: int) -> None:
            told.append("try")
            await asyncio.sleep(60)

        async def give_up(ctx: dict[str, Any], number: int) -> None:
            told.append("given up")

        await run(Job(endless, 0.05, give_up, retry_delay_s=0.01), 7)
        assert told == ["try"] * TRIES_MAX

    async def test_the_time_a_job_stands_aside_is_not_its_own(self, run: Callable[..., Any]) -> None:
        told: list[str] = []

        async def patient(ctx: dict[str, Any], number: int) -> None:
            with ctx["aside"]():
                await asyncio.sleep(3)
            told.append("waited")
            await asyncio.sleep(0)
            told.append("done")

        async def slow(ctx: dict[str, Any], number: int) -> None:
            with ctx["aside"]():
                pass
            told.append("begun")
            await asyncio.sleep(30)

        await run(Job(patient, 2), 7)
        assert told == ["waited", "done"]
        await run(Job(slow, 0.2, retry_delay_s=0.01), 7)
        assert told[2:] == ["begun"] * TRIES_MAX

    async def test_a_worker_that_is_stopped_at_any_step_leaves_no_connection_open(
        self, settings: Settings, redis_url: str, opened: Callable[[Settings], Awaitable[Clients]]
    ) -> None:
        async def quick(ctx: dict[str, Any], number: int) -> None:
            await asyncio.sleep(0)

        given = settings.model_copy(update={"redis_url": redis_url})
        clients = await opened(given)
        ctx = {"settings": given, "clients": clients}
        make = lambda: make_worker(ctx, QueueName.FRAMES, [Job(quick, 5)], max_jobs=2, poll_delay=0.001)  # noqa: E731
        gc.collect()  # what others left behind is not counted here
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for turns in range(120):
                await clients.queue.enqueue("quick", 7, job_id=f"job:{turns}", queue=QueueName.FRAMES)
                working = asyncio.create_task(keep_working(make))
                for _ in range(turns):
                    await asyncio.sleep(0)
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
            gc.collect()
        assert [str(each.message) for each in told] == []

    async def test_a_loss_of_redis_ends_no_job_in_hand(self, settings: Settings) -> None:
        told: list[str] = []
        go_on = asyncio.Event()

        async def long(ctx: dict[str, Any], number: int) -> None:
            told.append("begun")
            try:
                await go_on.wait()
                told.append("ended")
            except asyncio.CancelledError:
                told.append("cancelled")
                raise

        def make() -> Worker:
            workers.append(make_worker(ctx, QueueName.FRAMES, [Job(long, 60)], max_jobs=1, poll_delay=0.01))
            return workers[-1]

        workers: list[Worker] = []
        with servers.redis() as address:
            given = settings.model_copy(update={"redis_url": f"unix://{address}"})
            clients = await open_clients(given)
            ctx = {"settings": given, "clients": clients}
            await clients.queue.enqueue("long", 7, job_id="job:1", queue=QueueName.FRAMES)
            working = asyncio.create_task(keep_working(make))
            await until(lambda: told, "the job to begin")
            await close_clients(clients)
        main = workers[0].main_task
        assert main is not None
        await until(main.done, "the worker to notice")
        await asyncio.sleep(0.05)
        go_on.set()
        await until(lambda: len(told) > 1, "the job to end")
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert told == ["begun", "ended"]

    async def test_pictures_that_wait_for_their_camera_s_turn_hold_up_no_other_camera(
        self, settings: Settings, redis_url: str, opened: Callable[[Settings], Awaitable[Clients]]
    ) -> None:
        given = settings.model_copy(update={"redis_url": redis_url})
        clients = await opened(given)
        turns, go_on = CameraTurns(), asyncio.Event()
        came, began = list[str](), list[str]()

        async def look(ctx: dict[str, Any], camera_id: int, name: str) -> None:
            came.append(name)
            async with turns.of(camera_id, ctx["aside"]):
                began.append(name)
                await (asyncio.sleep(0) if camera_id == 2 else go_on.wait())

        for number in range(5):
            await clients.queue.enqueue("look", 1, f"greedy {number}", queue=QueueName.FRAMES)
        await clients.queue.enqueue("look", 2, "other", queue=QueueName.FRAMES, delay_s=0.3)
        ctx = {"settings": given, "clients": clients}
        make = lambda: make_worker(ctx, QueueName.FRAMES, [Job(look, 90)], max_jobs=2, poll_delay=0.01)  # noqa: E731
        working = asyncio.create_task(keep_working(make))
        await until(lambda: "other" in began, "the other camera's turn")
        assert began[1:] == ["other"]  # of the first two either may be loaded first
        go_on.set()
        await until(lambda: len(began) == 6, "the rest")
        assert sorted(began) == [*(f"greedy {number}" for number in range(5)), "other"]
        assert [name for name in began if name != "other"] == [name for name in came if name != "other"]
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    @pytest.mark.slow
    async def test_a_database_that_stays_locked_loses_no_frame(self, sqlite_open: Settings) -> None:
        camera = await save_camera()
        frame = await save_frame(camera)
        ctx = {"clients": stand_ins(), "engines": None, "turns": CameraTurns(), "job_try": TRIES_MAX}
        (job,) = [job for line in vision_lines() for job in line.jobs if job.name == "read_frame"]
        with closing(sqlite3.connect(sqlite_open.data_dir / "parkhub.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await function(job).coroutine(ctx, frame.id)
            other.execute("ROLLBACK")
        assert await status(frame) is FrameStatus.STORED
        await function(job).coroutine(ctx, frame.id)
        assert await is_read(frame)
