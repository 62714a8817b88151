"""Workers on the queues: how a job is run, tried again and stands aside. `clients/queue.py` knows arq, too.

A job is started at least once. One that a killed process had begun starts again when its mark in the queue ends,
a second after the longest time a job may take.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC
from functools import partial
from typing import Any, Final

import structlog
from arq import Retry, Worker, cron, func
from arq.cron import CronJob
from arq.worker import Function

from parkhub.clients.queue import QueueName, arq_redis, deserialize, serialize
from parkhub.clients.redis import AWAY, redis_pool
from parkhub.errors import BusyError, ParkHubError
from tasks.schedule import Ctx, Job, Line, Timed, Work

TRIES_MAX: Final = 3
REDIS_BACKOFF_MAX_S: Final = 5.0
HEALTH_EVERY_S: Final = 10
ASIDE_MAX_S: Final = 120.0
"""How long a job may stand aside altogether; upkeep asks again for one that took longer."""

IN_HAND_MAX: Final = 1000
"""Jobs of one worker that run or stand aside, and how far it looks into its queue."""

log = structlog.get_logger(__name__)

Maker = Callable[[], "_Worker"]
"""Makes the worker of one queue, anew after each loss of Redis."""


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


def makers(ctx: Ctx, lines: Iterable[Line]) -> list[Maker]:
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
        self._steps: set[asyncio.Task[None]] = set()

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
        await self._whole(super().start_jobs([job_id for job_id in job_ids if job_id.decode() not in self.tasks]))

    async def finish_job(self, *args: Any) -> None:
        """See arq, which shields it too, but does not wait for it."""
        await self._whole(super().finish_job(*args))

    async def finish_failed_job(self, *args: Any) -> None:
        """See `finish_job`."""
        await self._whole(super().finish_failed_job(*args))

    async def end(self) -> None:
        """Cancel the jobs in hand, which go back to the queue; then nothing uses the connections any more."""
        while pending := {*self._steps, *(task for task in self.tasks.values() if not task.done())}:
            for task in pending - self._steps:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        with suppress(*AWAY):
            await self.pool.aclose(close_connection_pool=True)

    async def _whole(self, step: Coroutine[Any, Any, None]) -> None:
        """Take a step with Redis to its end, whoever is cancelled meanwhile.

        Half of one would leave a job that nobody has begun marked as begun, and a connection open.
        """
        task = asyncio.create_task(step)
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        await asyncio.shield(task)


def make_worker(ctx: Ctx, queue: QueueName, jobs: Sequence[Job], **given: Any) -> _Worker:
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


async def keep_working(make: Maker) -> None:
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
            await worker.end()
        delay_s = 0.2 if loop.time() - started > REDIS_BACKOFF_MAX_S else min(delay_s * 2, REDIS_BACKOFF_MAX_S)
        await asyncio.sleep(delay_s)
