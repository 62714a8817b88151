"""What the tests of every room stand on: settings, both databases and Redis, all real."""

import itertools
import logging
import os
import shutil
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import servers
import structlog

from parkhub.db.engine import close_database, migrate, open_database
from parkhub.settings import Settings, load_settings

for _name in [name for name in os.environ if name.startswith("PARKHUB_")]:
    del os.environ[_name]  # the settings of whoever runs the tests are none of theirs
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the vision process; see `tasks.worker`
# Until a test sets logs up: structlog's own way draws a traceback with every local variable, for a second and more.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Leaves logging, warnings and structlog as they were: a command that a test calls sets them up for its process."""
    root = logging.getLogger()
    handlers, hook, configured = root.handlers[:], sys.excepthook, structlog.get_config()
    levels = {logger: logger.level for logger in _loggers()}
    with warnings.catch_warnings():
        yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    for logger in _loggers():
        if logger.level != (before := levels.get(logger, logging.NOTSET)):
            logger.setLevel(before)
    sys.excepthook = hook
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()


def _loggers() -> list[logging.Logger]:
    named = logging.root.manager.loggerDict.values()
    return [logging.getLogger(), *(logger for logger in named if isinstance(logger, logging.Logger))]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of the test's own and no outside address."""
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all migrations applied."""
    folder = tmp_path_factory.mktemp("sqlite-template")
    await migrate(load_settings(data_dir=folder))
    return folder / "parkhub.sqlite"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """The folder of the socket of the session's PostgreSQL."""
    with servers.postgresql() as folder:
        yield folder


def _url(folder: Path, name: str) -> str:
    return f"postgresql://parkhub@/{name}?host={folder}"


class Databases:
    """PostgreSQL databases made from a template with all migrations applied, emptied and lent again."""

    def __init__(self, folder: Path, admin: asyncpg.Connection) -> None:
        self._folder = folder
        self._admin = admin
        self._free: list[tuple[str, asyncpg.Connection]] = []

    async def lend(self) -> tuple[str, asyncpg.Connection]:
        """A name and a connection that empties it afterwards."""
        if self._free:
            return self._free.pop()
        name = await self.create("TEMPLATE template_parkhub")
        return name, await asyncpg.connect(_url(self._folder, name))

    async def take_back(self, name: str, cleaner: asyncpg.Connection) -> None:
        """Empty it: several times faster than another copy of the template."""
        await cleaner.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid();
            SET session_replication_role = replica;
            DO $$ DECLARE name text; BEGIN
                FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'
                LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
            END $$;
            SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relname <> 'migration_id_seq';
            SET session_replication_role = DEFAULT;
            """
        )
        self._free.append((name, cleaner))

    async def create(self, how: str = "") -> str:
        """A new database."""
        name = f"parkhub_{next(_numbers)}"
        await self._admin.execute(f"CREATE DATABASE {name} {how}")
        return name

    async def drop(self, name: str) -> None:
        """Drop a database with whatever is connected to it."""
        await self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def close(self) -> None:
        """Close the connections that empty databases."""
        for _, cleaner in self._free:
            await cleaner.close()


@pytest.fixture(scope="session")
async def postgresql_databases(
    postgresql_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Databases]:
    """Where databases of the session's PostgreSQL come from."""
    admin = await asyncpg.connect(_url(postgresql_server, "postgres"))
    databases = Databases(postgresql_server, admin)
    try:
        await admin.execute("CREATE DATABASE template_parkhub")
        url = _url(postgresql_server, "template_parkhub")
        await migrate(load_settings(data_dir=tmp_path_factory.mktemp("postgresql-template"), database_url=url))
        yield databases
    finally:
        await databases.close()
        await admin.close()


@pytest.fixture
def sqlite_settings(sqlite_template: Path, tmp_path: Path) -> Settings:
    """Settings with a migrated SQLite database, not opened."""
    given = load_settings(data_dir=tmp_path / "data")
    given.data_dir.mkdir(exist_ok=True)
    shutil.copy(sqlite_template, given.data_dir / "parkhub.sqlite")
    return given


@pytest.fixture
async def postgresql_settings(
    postgresql_server: Path, postgresql_databases: Databases, tmp_path: Path
) -> AsyncIterator[Settings]:
    """Settings with a migrated PostgreSQL database, not opened."""
    name, cleaner = await postgresql_databases.lend()
    yield load_settings(data_dir=tmp_path / "data", database_url=_url(postgresql_server, name))
    await postgresql_databases.take_back(name, cleaner)


@pytest.fixture
async def empty_postgresql_settings(
    postgresql_server: Path, postgresql_databases: Databases, tmp_path: Path
) -> AsyncIterator[Settings]:
    """Settings with a PostgreSQL database without any table, not opened."""
    name = await postgresql_databases.create()
    yield load_settings(data_dir=tmp_path / "data", database_url=_url(postgresql_server, name))
    await postgresql_databases.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest) -> Settings:
    """Settings with a migrated database, not opened; the test runs once with each engine."""
    found = request.getfixturevalue(f"{request.param}_settings")
    assert isinstance(found, Settings)
    return found


@pytest.fixture
async def database(database_settings: Settings) -> AsyncIterator[Settings]:
    """The open, migrated database; the test runs once with each engine. Gives the settings it was opened with."""
    await open_database(database_settings)
    yield database_settings
    await close_database()


@pytest.fixture
async def sqlite_open(sqlite_settings: Settings) -> AsyncIterator[Settings]:
    """An open SQLite database, for what has nothing to do with the kind of database."""
    await open_database(sqlite_settings)
    yield sqlite_settings
    await close_database()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Path]:
    """The unix socket of the session's Redis."""
    with servers.redis() as address:
        yield address


@pytest.fixture
def redis_url(redis_server: Path) -> str:
    """The address of an empty Redis."""
    servers.empty_redis(redis_server)
    return f"unix://{redis_server}"
