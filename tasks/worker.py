"""Processes that run jobs: `python -m tasks.worker work|vision`. How one is run says `tasks/queue.py`."""

import argparse
import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.clients.redis import AWAY
from parkhub.db.cameras import list_cameras
from parkhub.db.engine import close_database, open_database
from parkhub.domain.cameras import Engine
from parkhub.errors import ParkHubError
from parkhub.logs import set_up_logs
from parkhub.settings import Settings, load_settings
from tasks.queue import Maker, keep_working, makers
from tasks.schedule import Ctx, vision_lines, work_lines

STOP_S: Final = 2.5

M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h
LARGE_BYTES: Final = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


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


def _prepare_work(ctx: Ctx, settings: Settings) -> list[Maker]:
    from tasks.barriers import make_senders

    ctx["senders"] = make_senders(settings, ctx["clients"])
    return makers(ctx, work_lines())


async def _prepare_vision(ctx: Ctx, settings: Settings) -> list[Maker]:
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
