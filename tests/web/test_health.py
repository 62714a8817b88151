"""What supervisors and load balancers are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from parkhub.app import create_app
from parkhub.db.engine import close_database
from parkhub.settings import Settings, load_settings


@asynccontextmanager
async def serving(settings: Settings, redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The app with this database and Redis, in this very loop."""
    settings.data_dir.mkdir(exist_ok=True)
    app = create_app(load_settings(**{**settings.model_dump(), "redis_url": redis_url}))
    transport = httpx.ASGITransport(app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def ready(client: httpx.AsyncClient) -> tuple[int, Any]:
    answer = await client.get("/health/ready")
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json().get("missing", [])


async def test_ready_with_database_and_redis(database_settings: Settings, redis_url: str) -> None:
    async with serving(database_settings, redis_url) as client:
        assert await ready(client) == (200, [])


async def test_not_ready_without_redis(sqlite_settings: Settings) -> None:
    async with serving(sqlite_settings, "unix:///no/such/redis.sock") as client:
        assert await ready(client) == (503, ["redis"])
        answer = await client.get("/health/ready")
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["detail"] == "Missing: redis."


@pytest.fixture(params=["settings", "empty_postgresql_settings"], ids=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Any:
    """Settings with a database that has no table yet."""
    return request.getfixturevalue(request.param)


async def test_not_ready_before_the_migrations(empty: Settings, redis_url: str) -> None:
    async with serving(empty, redis_url) as client:
        assert await ready(client) == (503, ["migrations"])


async def test_not_ready_without_database_but_live(sqlite_settings: Settings) -> None:
    async with serving(sqlite_settings, "unix:///no/such/redis.sock") as client:
        await close_database()
        assert await ready(client) == (503, ["database", "redis"])
        live = await client.get("/health/live")
        assert (live.status_code, live.json()) == (200, {"status": "live"})
