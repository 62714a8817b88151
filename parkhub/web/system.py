"""How the installation does: versions, room, queues and workers."""

import asyncio
import platform
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Router, get
from litestar.response import Template

from parkhub.clients import Clients
from parkhub.clients.model_files import list_model_files
from parkhub.clients.redis import AWAY
from parkhub.db import engine
from parkhub.db import system as system_rows
from parkhub.domain.cameras import Engine
from parkhub.domain.rights import Right
from parkhub.errors import ParkHubError
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.engine_choices import engine_choices
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

SPEED_OVER: Final = timedelta(hours=1)
WORK: Final = {
    "work": "Payments and upkeep",
    "frames": "Pictures of cameras",
    "pictures": "Pictures by hand",
    "mail": "Letters",
}
"""Queues by name, where the name itself says too little."""

MODELS: Final = {
    "spots": ("Classifier", Engine.CLASSIFIER),
    "vehicles": ("Detector", Engine.DETECTOR),
    "plates_find": ("Finds plates", system_rows.PLATES),
    "plates_read": ("Reads plates", system_rows.PLATES),
}
"""By task: what a model does, and by whose measured speed one can tell its own."""

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


async def look_at_queues(clients: Clients) -> tuple[list[Any], str]:
    """Every queue as it is, or why nobody can tell."""
    try:
        return await clients.queue.look(), ""
    except ParkHubError as error:
        return [], str(error)


@get("/console/system")
async def show_system(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Template:
    """Versions, room, database, Redis, workers, engines."""
    now = datetime.now(UTC)
    disk = await asyncio.to_thread(shutil.disk_usage, settings.data_dir)
    queues, away = await look_at_queues(clients)
    speeds = await system_rows.list_speeds(now - SPEED_OVER)
    by_engine = {each.engine: each for each in speeds}
    models = await asyncio.to_thread(list_model_files, settings.detector_model)
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
        speeds=speeds,
        engines={**dict(engine_choices()), system_rows.PLATES: "Plates at gates (finds and reads them)"},
        models=[(MODELS[each.task][0], each, by_engine.get(MODELS[each.task][1])) for each in models],
        providers=settings.onnx_providers,
        in_bytes=in_bytes,
    )


routes = [
    Router(
        "/",
        route_handlers=[show_system],
        guards=[needs(Right.SET_UP, everywhere=True)],
        include_in_schema=False,
    )
]
