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
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC
from functools import partial
from typing import Any, Final

import structlog
from arq import Retry, Worker, cron, func
from arq.cron import CronJob
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
from tasks.schedule import Ctx, Job, Line, Timed, Work, vision_lines, work_lines

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

log = structlog.get_logger(__name__)


def function(job: Job) -> Function:
    """A job for arq: our own limit ends it before arq's, whose end would not be tried again."""

    async def run(ctx: Ctx, *args: Any) -> None:
        await _run(job, ctx, *args)

    return func(run, name=job.name, max_tries=TRIES_MAX, timeout=job.timeout_s + ASIDE_MAX_S + 1, keep_result=0)


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


def makers(ctx: Ctx, lines: Iterable[Line]) -> list[Callable[[], Worker]]:
    """Makers of the workers of a process, one for each of its queues."""
    return [
        partial(
            make_worker,
            ctx,
            line.queue,
            line.jobs,
            max_jobs=line.jobs_max,
            poll_delay=line.look_every_s,
            cron_jobs=[_cron(timed) for timed in line.timed],
        )
        for line in lines
    ]


def _cron(timed: Timed) -> CronJob:
    return cron(
        _clocked(timed.run),
        name=timed.name or timed.run.__name__,
        second=_at(timed.second),
        minute=_at(timed.minute),
        hour=timed.hour,
        timeout=timed.timeout_s,
        run_at_startup=timed.at_start,
    )


def _at(when: int | frozenset[int] | None) -> int | set[int] | None:
    return set(when) if isinstance(when, frozenset) else when


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


def make_worker(ctx: Ctx, queue: QueueName, jobs: Sequence[Job], **given: Any) -> Worker:
    """One arq worker on one queue; `given` goes to arq. Jobs get a copy of ``ctx``."""
    worker = _Worker(
        functions=[function(job) for job in jobs],
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
    return makers(ctx, work_lines())


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
    return makers(ctx, vision_lines())


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
