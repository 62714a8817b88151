"""What node and server are tried on together: settings, clients, a camera with its key, a web process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from workers import web

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.domain.cameras import Camera
from parkhub.services import cameras, lots
from parkhub.settings import Settings


@pytest.fixture
def server_settings(sqlite_open: Settings, redis_url: str) -> Settings:
    """Settings of the server, whose database is open here too."""
    return sqlite_open.model_copy(update={"redis_url": redis_url})


@pytest.fixture
async def clients(server_settings: Settings):
    """The real ones."""
    found: Clients = await open_clients(server_settings)
    yield found
    await close_clients(found)


@pytest.fixture
async def enrolled(server_settings: Settings) -> tuple[Camera, str]:
    """A camera and its key."""
    lot = await lots.create_lot("Harbour Street", "1 Quay", "Europe/Dublin")
    return await cameras.create_camera(lot.slug, "Mast")


@pytest.fixture
def camera(enrolled: tuple[Camera, str], tmp_path: Path) -> Camera:
    """That camera, its key in `camera.key`."""
    found, key = enrolled
    file = tmp_path / "camera.key"
    file.write_text(key + "\n")
    file.chmod(0o600)
    return found


@pytest.fixture
def server(server_settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The address of a web process."""
    with web(server_settings, tmp_path) as (_, address):
        yield address
