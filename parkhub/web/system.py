"""How the installation does: versions, room, queues and workers, jobs that wait, and what failed."""

import asyncio
import platform
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.clients.redis import AWAY
from parkhub.db import engine
from parkhub.db import recordings as recording_rows
from parkhub.db import system as system_rows
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.recordings import RecordingStatus
from parkhub.domain.rights import Right
from parkhub.domain.text import printable
from parkhub.errors import ParkHubError
from parkhub.services import payment_events
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.engine_choices import engine_choices
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

SPEED_OVER: Final = timedelta(hours=1)
FAILED_OVER: Final = timedelta(days=1)
JOBS_SHOWN: Final = 20
FAILED_SHOWN: Final = 20
RECORDINGS_SHOWN: Final = 100
WORK: Final = {
    "work": "Payments and upkeep",
    "frames": "Pictures",
    "mail": "Letters",
}
"""Queues by name, where the name itself says too little."""

ENDED: Final = (EventStatus.HANDLED, EventStatus.IGNORED)
NOT_KNOWN: Final = "what it is about is not known here."
UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")


def in_bytes(number: float) -> str:
    """A size in words: 3.4 GB."""
    for unit in UNITS:
        if number < 1000 or unit == UNITS[-1]:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError


async def _redis(clients: Clients) -> list[tuple[str, str]]:
    if clients.redis is None:
        return [("State", "not used")]
    try:
        told: dict[str, Any] = await clients.redis.info()
    except AWAY:
        return [("State", "away")]
    return [
        ("Version", str(told.get("redis_version", ""))),
        ("Memory", in_bytes(float(told.get("used_memory", 0)))),
        ("Kept on disk", "yes" if told.get("aof_enabled") else "no"),
    ]


async def _queues(clients: Clients) -> tuple[list[Any], str]:
    try:
        return await clients.queue.look(), ""
    except ParkHubError as error:
        return [], str(error)


@get("/console/system")
async def show_system(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Template:
    """Versions, room, database, Redis, workers, engines."""
    now = datetime.now(UTC)
    disk = await asyncio.to_thread(shutil.disk_usage, settings.data_dir)
    queues, away = await _queues(clients)
    return page(
        request,
        "system/system.html",
        python=platform.python_version(),
        machine=f"{platform.system()} on {platform.machine()}",
        disk=disk,
        disk_full=disk.used / disk.total,
        database=await system_rows.database_facts(),
        pending=await engine.pending_migrations(),
        redis=await _redis(clients),
        queues=queues,
        away=away,
        work=WORK,
        speeds=await system_rows.list_speeds(now - SPEED_OVER),
        engines=dict(engine_choices()),
        detector=settings.detector_model or "the shipped one",
        providers=settings.onnx_providers,
        in_bytes=in_bytes,
    )


@get("/console/system/jobs")
async def show_jobs(request: AnyRequest, clients: GivenClients) -> Template:
    """Jobs that wait and run, and what failed."""
    return await _show_jobs(request, clients)


async def _show_jobs(request: AnyRequest, clients: Clients, error: str = "", status_code: int = 200) -> Template:
    now = datetime.now(UTC)
    queues, away = await _queues(clients)
    jobs = [] if away else [job for name in QueueName for job in await clients.queue.list_jobs(name, JOBS_SHOWN)]
    recordings = await recording_rows.list_recordings(RECORDINGS_SHOWN)
    return page(
        request,
        "system/jobs.html",
        status_code=status_code,
        queues=queues,
        away=away,
        jobs=jobs,
        work=WORK,
        events=await system_rows.list_failed_events(FAILED_SHOWN),
        frames=await system_rows.list_failed_frames(now - FAILED_OVER),
        recordings=[each for each in recordings if each.status is RecordingStatus.FAILED][:FAILED_SHOWN],
        error=error,
        retried=request.query_params.get("retried") == "1",
    )


@post("/console/system/jobs/events")
async def retry_event(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[Any] | Template:
    """Handle a payment event once more, now."""
    name = str((await request.form()).get("event", ""))
    try:
        if not printable(name):
            return await _show_jobs(request, clients, "Choose an event from the list.", 422)
        stored = await payment_events.handle_again(clients, settings, name, datetime.now(UTC))
    except ParkHubError as error:
        return await _show_jobs(request, clients, str(error), error.status)
    if stored.status not in ENDED:
        return await _show_jobs(request, clients, f"It is not handled yet: {stored.error or NOT_KNOWN}", 409)
    return Redirect("/console/system/jobs?retried=1", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[show_system, show_jobs, retry_event],
        guards=[needs(Right.SET_UP, everywhere=True)],
        include_in_schema=False,
    )
]
