"""Whether this process answers, and whether it can do its work: for supervisors, load balancers and people."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from litestar import Response, get
from litestar.di import NamedDependency

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import engine
from parkhub.errors import ParkHubError
from parkhub.web.csrf import NO_CSRF

ANSWER_S: Final = 3.0
HEADERS: Final = {"cache-control": "no-store"}


@get("/health/live", opt=NO_CSRF)
async def show_live() -> Response[dict[str, str]]:
    """200 for as long as the process answers at all."""
    return Response({"status": "live"}, headers=HEADERS)


@get("/health/ready", opt=NO_CSRF)
async def show_ready(clients: NamedDependency[Clients]) -> Response[dict[str, Any]]:
    """200 when the process can do its work, else 503 with what is missing: database, migrations, redis."""
    missing = await find_missing(clients)
    if not missing:
        return Response({"status": "ready"}, headers=HEADERS)
    body = {
        "type": "about:blank",
        "title": "Not ready",
        "status": 503,
        "detail": f"Missing: {', '.join(missing)}.",
        "missing": missing,
    }
    headers = {**HEADERS, "retry-after": "2"}
    return Response(body, status_code=503, media_type="application/problem+json", headers=headers)


async def find_missing(clients: Clients) -> list[str]:
    """Names of what the process lacks, empty when it lacks nothing."""
    database, redis = await asyncio.gather(_answers(engine.check()), _answers(clients.queue.waiting(QueueName.WORK)))
    missing = []
    if not database:
        missing.append("database")
    elif await engine.pending_migrations():
        missing.append("migrations")
    if not redis:
        missing.append("redis")
    return missing


async def _answers(question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(ANSWER_S):
            await question
    except (ParkHubError, OSError):  # TimeoutError is an OSError
        return False
    return True


routes = [show_live, show_ready]
