"""Processes that run jobs: `python -m tasks.worker work|vision`. The other file that knows arq is `clients/queue.py`.

A job is started at least once. One that a killed process had begun starts again when its mark in the queue ends,
a second after the longest time a job may take.
"""

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

import structlog
from arq import Retry, Worker, cron, func
from arq.worker import Function

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.clients.queue import QueueName, arq_redis, deserialize, serialize
from parkhub.clients.redis import AWAY, redis_pool
from parkhub.db.cameras import list_cameras
from parkhub.db.engine import close_database, open_database
from parkhub.domain.cameras import Engine
from parkhub.errors import BusyError, ParkHubError
from parkhub.logs import set_up_logs
from parkhub.settings import Settings, load_settings

TRIES_MAX: Final = 3
STOP_S: Final = 2.5
REDIS_BACKOFF_MAX_S: Final = 5.0
HEALTH_EVERY_S: Final = 10
ASIDE_MAX_S: Final = 120.0
"""How long a job may stand aside altogether; upkeep asks again for one that took longer."""

M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h
LARGE_BYTES: Final = 4 * 1024 * 1024

IN_HAND_MAX: Final = 1000
"""Jobs of one worker that run or stand aside, and how far it looks into its queue."""

Ctx = dict[str, Any]
Work = Callable[..., Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A function that runs by name. ``give_up`` is told the same arguments when every try has failed by a fault.

    What is away comes back, and what takes too long may only have waited for it: then nothing is given up, upkeep asks
    for the job again, and a job that never ends by itself must notice (`parkhub.services.upkeep.is_poison`).
    """

    run: Work
    timeout_s: float
    give_up: Work | None = None
    retry_delay_s: float = 2

    @property
    def name(self) -> str:
        """What `Queue.enqueue` calls it."""
        return self.run.__name__

    def function(self) -> Function:
        """For arq: our own limit ends the job before arq's, whose end would not be tried again."""

        async def run(ctx: Ctx, *args: Any) -> None:
            await _run(self, ctx, *args)

        return func(run, name=self.name, max_tries=TRIES_MAX, timeout=self.timeout_s + ASIDE_MAX_S + 1, keep_result=0)


async def _run(job: Job, ctx: Ctx, *args: Any) -> None:
    """One try. An edge: a fault is logged, once with its trace, and the job tried again later.

    A job's time begins anew when it has stood aside: else one that waited long would be cut off in its work, and so
    would the next, and nothing would ever be done.
    """
    try:
        async with asyncio.timeout(job.timeout_s) as limit:

            @contextmanager
            def aside() -> Iterator[None]:
                limit.reschedule(None)
                try:
                    with ctx.get("aside", nullcontext)():
                        yield
                finally:
                    limit.reschedule(asyncio.get_running_loop().time() + job.timeout_s)

            await job.run({**ctx, "aside": aside}, *args)
    except Exception as error:
        last = ctx["job_try"] >= TRIES_MAX
        retryable = isinstance(error, TimeoutError) or (isinstance(error, ParkHubError) and error.retryable)
        traced = not retryable and ctx["job_try"] == 1
        bound = log.bind(job=job.name, args=args, job_try=ctx["job_try"])
        bound.log(logging.ERROR, "job.failed", reason=repr(error), exc_info=error if traced else None)
        if not last:
            raise Retry(defer=job.retry_delay_s * ctx["job_try"]) from error
        if not retryable and job.give_up is not None:
            await job.give_up(ctx, *args)


def vision_jobs() -> dict[QueueName, list[Job]]:
    """What vision processes do. Imported here, so that `work` never loads a vision library."""
    from tasks import adaptation, frames, labels, picture_uploads, recordings, spot_asks, spots

    return {
        QueueName.FRAMES: [
            Job(frames.read_frame, 14, frames.give_up),
            Job(spots.read_spots_file, 14, spots.give_up),
            Job(labels.cut_label, 14, labels.give_up),
            Job(spot_asks.answer_ask, 14, spot_asks.give_up),
        ],
        QueueName.RECORDINGS: [Job(recordings.analyse_recording, 3599)],
        QueueName.PICTURES: [Job(picture_uploads.look_at_pictures, 58)],
        QueueName.ADAPTATION: [Job(adaptation.adapt, 58, adaptation.give_up), Job(labels.cut_picture, 58)],
    }


def vision_workers(ctx: Ctx) -> list[Callable[[], Worker]]:
    """Makers of the workers of a vision process: no recording, fit or pile of pictures by hand holds up a frame."""
    jobs = vision_jobs()
    return [
        lambda: make_worker(ctx, QueueName.FRAMES, jobs[QueueName.FRAMES], max_jobs=2, poll_delay=0.02),
        lambda: make_worker(ctx, QueueName.RECORDINGS, jobs[QueueName.RECORDINGS], max_jobs=1, poll_delay=0.5),
        lambda: make_worker(ctx, QueueName.PICTURES, jobs[QueueName.PICTURES], max_jobs=1, poll_delay=0.2),
        lambda: make_worker(ctx, QueueName.ADAPTATION, jobs[QueueName.ADAPTATION], max_jobs=1, poll_delay=1),
    ]


def work_workers(ctx: Ctx) -> list[Callable[[], Worker]]:
    """Makers of the workers of a work process; of several such processes one runs each job of the clock.

    Whoever waits before a barrier waits for nothing else: commands have a queue of their own. So have letters
    and charges of saved cards: a mail server or a provider that does not answer holds up nothing else.
    """
    from tasks import barriers, mail, payments, reports, upkeep

    jobs = [
        Job(payments.handle_event, 20, payments.give_up),
        Job(payments.send_sandbox_event, 20),
    ]
    every_5_s, every_20_s, every_10_min = set(range(0, 60, 5)), {0, 20, 40}, set(range(0, 60, 10))
    every_5_min = set(range(0, 60, 5))
    crons = [
        cron(_clocked(upkeep.expire_spots), name="expire_spots", second=every_5_s, timeout=30),
        cron(_clocked(upkeep.close_passages), name="close_passages", second=every_5_s, timeout=30, run_at_startup=True),
        cron(_clocked(upkeep.requeue_lost), name="requeue_lost", second=every_20_s, timeout=30, run_at_startup=True),
        cron(
            _clocked(payments.keep_payments), name="keep_payments", second={13, 33, 53}, timeout=50, run_at_startup=True
        ),
        cron(_clocked(upkeep.tell_silent_nodes), name="tell_silent_nodes", second={6, 26, 46}, timeout=30),
        cron(_clocked(upkeep.take_samples), name="take_samples", minute=every_5_min, second=1, run_at_startup=True),
        cron(_clocked(upkeep.delete_old), name="delete_old", minute=every_10_min, second=7, timeout=300),
        cron(_clocked(upkeep.delete_unclaimed), name="delete_unclaimed", minute=3, second=11, timeout=600),
        cron(_clocked(upkeep.release_no_shows), name="release_no_shows", second=31, timeout=50),
        cron(_clocked(upkeep.keep_pay_ahead), name="keep_pay_ahead", second={9, 39}, timeout=50),
        cron(_clocked(upkeep.close_overlong), name="close_overlong", minute=every_5_min, second=41, timeout=120),
        cron(_clocked(reports.keep_reports), name="keep_reports", minute=every_5_min, second=19, timeout=900),
        cron(_clocked(reports.write_reports), name="write_reports", minute=47, second=5, timeout=300),
        cron(_clocked(payments.reconcile), name="reconcile", hour=3, minute=23, second=27, timeout=900),
        cron(_clocked(upkeep.keep_retention), name="keep_retention", hour=2, minute=13, second=17, timeout=3600),
    ]
    gates = [Job(barriers.open_barrier, 70), Job(barriers.end_opening, 20)]
    watch = cron(
        _clocked(barriers.watch_barriers), name="watch_barriers", second=every_5_s, timeout=30, run_at_startup=True
    )
    post = cron(_clocked(mail.send_letters), name="keep_mail", second=every_5_s, timeout=120, run_at_startup=True)
    letters, charges = [Job(mail.send_letters, 120)], [Job(payments.charge_stay, 50)]
    cards = cron(_clocked(payments.keep_cards), name="keep_cards", second={3, 23, 43}, timeout=300, run_at_startup=True)
    return [
        lambda: make_worker(ctx, QueueName.WORK, jobs, max_jobs=4, poll_delay=0.1, cron_jobs=crons),
        lambda: make_worker(ctx, QueueName.BARRIERS, gates, max_jobs=50, poll_delay=0.02, cron_jobs=[watch]),
        lambda: make_worker(ctx, QueueName.MAIL, letters, max_jobs=4, poll_delay=0.1, cron_jobs=[post]),
        lambda: make_worker(ctx, QueueName.CHARGES, charges, max_jobs=4, poll_delay=0.1, cron_jobs=[cards]),
    ]


def _clocked(run: Work) -> Any:
    """A job by the clock comes again by itself: a fault is logged and left."""

    async def once(ctx: Ctx) -> None:
        try:
            await run(ctx)
        except BusyError as error:
            log.warning("job.put_off", job=run.__name__, reason=str(error))
        except Exception:  # an edge
            log.exception("job.failed", job=run.__name__)

    return once


class _Worker(Worker):
    """arq's worker, in which a job that waits for its turn stands aside: another is let in meanwhile."""

    def __init__(self, *, max_jobs: int, **given: Any) -> None:
        super().__init__(max_jobs=IN_HAND_MAX, queue_read_limit=IN_HAND_MAX, **given)
        self.max_jobs = max_jobs  # arq compares with it before it starts a job
        self.ctx["aside"] = self.aside

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While inside, the job does not count among ``max_jobs``."""
        self.max_jobs += 1
        try:
            yield
        finally:
            self.max_jobs -= 1

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Jobs in hand stay in the queue until they end: asking Redis about each, every time, would never end."""
        await super().start_jobs([job_id for job_id in job_ids if job_id.decode() not in self.tasks])


def make_worker(ctx: Ctx, queue: QueueName, jobs: list[Job], **given: Any) -> Worker:
    """One arq worker on one queue; `given` goes to arq. Jobs get a copy of ``ctx``."""
    worker = _Worker(
        functions=[job.function() for job in jobs],
        queue_name=queue.key,
        redis_pool=arq_redis(redis_pool(ctx["settings"]), queue),
        ctx=dict(ctx),
        handle_signals=False,
        max_tries=TRIES_MAX,
        keep_result=0,
        health_check_interval=HEALTH_EVERY_S,
        job_serializer=serialize,
        job_deserializer=deserialize,
        timezone=UTC,
        log_results=False,
        **given,
    )
    if jobs:  # arq waits ten seconds more, in which nobody would read a frame that a killed process had begun
        worker.in_progress_timeout_s = max(job.timeout_s for job in jobs) + 2
    return worker


async def keep_working(make: Callable[[], Worker]) -> None:
    """Run a worker for ever, over losses of Redis.

    When Redis is lost, jobs in hand go on to their end, and only then is the queue asked again: a long analysis must
    not begin anew because Redis restarted. When this is cancelled, they are cancelled too and go back to the queue.
    """
    delay_s = 0.2
    while True:
        worker = make()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            await worker.async_run()
        except AWAY as error:
            log.warning("worker.redis_away", queue=worker.queue_name, reason=str(error), in_hand=len(worker.tasks))
            if worker.tasks:
                await asyncio.wait(worker.tasks.values())
        finally:
            for task in worker.tasks.values():
                task.cancel()
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
            with suppress(*AWAY):
                await worker.pool.aclose(close_connection_pool=True)
        delay_s = 0.2 if loop.time() - started > REDIS_BACKOFF_MAX_S else min(delay_s * 2, REDIS_BACKOFF_MAX_S)
        await asyncio.sleep(delay_s)


async def _serve(kind: str, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; jobs in hand then go back to the queue."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await open_database(settings)
    clients = await open_clients(settings)
    ctx: Ctx = {"clients": clients, "settings": settings}
    workers = await _prepare_vision(ctx, settings) if kind == "vision" else _prepare_work(ctx, settings)
    running = [asyncio.create_task(keep_working(make)) for make in workers]
    running += [asyncio.create_task(run(ctx)) for run in _watchers(kind)]
    stopping = asyncio.create_task(stop.wait())
    log.info("worker.started", kind=kind)
    try:
        await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _stop(clients, [stopping, *running])
    for task in running:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    log.info("worker.stopped", kind=kind)


def _watchers(kind: str) -> list[Callable[[Ctx], Coroutine[Any, Any, None]]]:
    """What a process does all the time beside its jobs."""
    if kind != "work":
        return []
    from tasks.folders import watch_folders

    return [watch_folders]


def _prepare_work(ctx: Ctx, settings: Settings) -> list[Callable[[], Worker]]:
    from tasks.barriers import make_senders

    ctx["senders"] = make_senders(settings, ctx["clients"])
    return work_workers(ctx)


async def _prepare_vision(ctx: Ctx, settings: Settings) -> list[Callable[[], Worker]]:
    import cv2

    from tasks.engines import Engines
    from tasks.frames import CameraTurns

    cv2.setNumThreads(1)
    ctx["turns"] = CameraTurns()
    ctx["engines"] = Engines(settings)
    cameras = await list_cameras(None)
    counting = any(camera.counts_vehicles and camera.engine is not Engine.DETECTOR for camera in cameras)
    await ctx["engines"].warm({camera.engine for camera in cameras}, counting=counting)
    return vision_workers(ctx)


async def _stop(clients: Clients, tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_S)
    with suppress(TimeoutError, *AWAY):
        async with asyncio.timeout(1):
            await close_clients(clients)
            await close_database()


def share_heap() -> None:
    """Let all threads allocate from one heap, and what is large outside of it. Call it before any is started.

    glibc gives each thread a heap of its own, and each would keep the room that the largest picture took in it: looks
    wander over six threads, which made half a gigabyte of sixty megabytes. And once something large was freed, glibc
    takes the like of it from the heap, where whatever small thing lies above keeps the room for good.
    """
    with suppress(OSError, AttributeError):  # another C library than glibc
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def main() -> None:
    """Run one worker process until it is told to stop."""
    share_heap()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["work", "vision"])
    kind: str = parser.parse_args().kind
    # NumPy's algebra spins up a thread per core, which on a busy machine makes small systems sixty times slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = 0
    try:
        settings = load_settings()
        set_up_logs(settings, process="" if os.environ.get("PARKHUB_PROCESS") else kind)
        asyncio.Runner().run(_serve(kind, settings))
    except ParkHubError as error:
        log.critical("worker.cannot_run", reason=str(error))
        status = 1
    except Exception:  # an edge: the supervisor starts another
        log.critical("worker.crashed", exc_info=True)
        status = 1
    sys.stderr.flush()
    # A thread in the middle of a model or a video cannot be interrupted, and Python would wait for it. Its result is
    # not wanted any more: the job is back in the queue.
    os._exit(status)


if __name__ == "__main__":
    main()
