"""What tests of services stand on."""

from collections.abc import AsyncIterator

import pytest

from parkhub.db.engine import close_database, open_database
from parkhub.settings import Settings


@pytest.fixture
async def sqlite_open(sqlite_settings: Settings) -> AsyncIterator[Settings]:
    """An open SQLite database, for what has nothing to do with the kind of database."""
    await open_database(sqlite_settings)
    yield sqlite_settings
    await close_database()
