"""Opens the one database of a process, SQLite or PostgreSQL, and runs transactions and migrations on it."""

import asyncio
import contextlib
import importlib
import io
import os
import pkgutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import Any, cast

import structlog
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.tables import Migration
from piccolo.querystring import QueryString

from parkhub.db.postgresql import PostgresqlEngine
from parkhub.db.sqlite import LockedError, SqliteEngine
from parkhub.db.tables import TABLES
from parkhub.errors import BusyError
from parkhub.settings import Settings

log = structlog.get_logger(__name__)

Engine = SqliteEngine | PostgresqlEngine
Row = dict[str, Any]

CHECK_TIMEOUT_S = 5.0

_CONF = "parkhub.db.piccolo_conf"
_APP = "parkhub"
_MIGRATION_LOCK = 7_265_482  # any number that only ParkHub's migrations take
_TURN_EVERY_S = 0.2

_engine: Engine | None = None


class _NotOpen:
    """What the tables are bound to while no database is open, lest Piccolo looks for one by itself."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("The database is not open; call open_database first.")


def bind_tables(engine: Engine | None) -> None:
    """Have every table ask this engine; None: none."""
    for table in TABLES:
        table._meta.db = cast(Engine, _NotOpen()) if engine is None else engine
    Migration._meta.db = cast(Engine, engine)  # without one Piccolo's own commands look for it, in `piccolo_conf`


bind_tables(None)


def make_engine(settings: Settings) -> Engine:
    """The engine the settings ask for, not yet opened."""
    if settings.database_url:
        return PostgresqlEngine(settings.database_url)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SqliteEngine(settings.data_dir / "parkhub.sqlite")


def current_engine() -> Engine | None:
    """The open engine of this process."""
    return _engine


async def open_database(settings: Settings) -> None:
    """Open the database for this process; raises BusyError when it is away, RuntimeError when one is open already."""
    global _engine
    if _engine is not None:
        raise RuntimeError("A database is open already; close it first.")
    os.environ["PICCOLO_CONF"] = _CONF  # where Piccolo's migrations look for the engine
    engine = make_engine(settings)
    await engine.open()
    bind_tables(engine)
    _engine = engine


async def close_database() -> None:
    """Close what `open_database` opened; a second call does nothing."""
    global _engine
    engine, _engine = _engine, None
    bind_tables(None)
    if engine is not None:
        await engine.close()


def _opened() -> Engine:
    if _engine is None:
        raise RuntimeError("The database is not open; call open_database first.")
    return _engine


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """All or nothing. Nested use joins the outer one; tasks started inside take part until it ends.

    One statement at a time: PostgreSQL refuses a second one on the same connection, so never gather inside.
    """
    async with _opened().transaction():
        yield


def in_transaction() -> bool:
    """Whether the running task is inside `transaction()`."""
    return _opened().in_transaction


def on_postgresql() -> bool:
    """Whether the open database is PostgreSQL."""
    return isinstance(_opened(), PostgresqlEngine)


async def fetch(sql: str, *args: Any) -> list[Row]:
    """Run one statement with ``{}`` in the place of each argument."""
    engine = _opened()
    return engine.transform_response_to_dicts(await engine.run_querystring(QueryString(sql, *args)))


async def run_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run one statement once per row, all or none, with ``{}`` in the place of each value of a row."""
    if rows:
        await _opened().run_many(QueryString(sql, *([None] * len(rows[0]))), rows)


async def check() -> None:
    """Raise BusyError when the database does not answer."""
    try:
        engine = _opened()
    except RuntimeError as error:
        raise BusyError("The database is not open yet; try again.", retry_after_s=1) from error
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await engine.run_querystring(QueryString("SELECT 1 AS one"))
    except TimeoutError as error:
        raise BusyError("The database does not answer in time; try again.", retry_after_s=2) from error


async def migrate(settings: Settings) -> list[str]:
    """Apply the migrations that have not run yet, in one transaction; two processes at once take turns.

    Opens and closes the database by itself when this process has none open. Returns the names of what it applied.
    """
    if _engine is None:
        await open_database(settings)
        try:
            return await migrate(settings)
        finally:
            await close_database()
    async with _turn():
        await Migration.create_table(if_not_exists=True)
        ran = set(await Migration.get_migrations_which_ran(_APP))
        applied = []
        for name, module in _migrations():
            if name not in ran:
                await _apply(module)
                await Migration.insert(Migration(name=name, app_name=_APP))
                applied.append(name)
    return applied


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    """A transaction in which no other process migrates, however long its migrations take; on SQLite nobody writes.

    Its lock is asked for again and again: whatever waits for one as long as that is cut off by either database.
    """
    async with AsyncExitStack() as stack:
        told = False
        while True:
            try:
                await stack.enter_async_context(transaction())
                break
            except LockedError:  # by SQLite, where the transaction is the lock
                told = told or _tell_wait()
        while on_postgresql() and not await _holds_lock():
            told = told or _tell_wait()
            await asyncio.sleep(_TURN_EVERY_S)
        yield


def _tell_wait() -> bool:
    log.warning("database.waits_for_another", what="another process migrates it, or writes to it")
    return True


async def _holds_lock() -> bool:
    return bool((await fetch("SELECT pg_try_advisory_xact_lock({}::bigint) AS held", _MIGRATION_LOCK))[0]["held"])


async def pending_migrations() -> list[str]:
    """Names of the migrations that the open database still lacks."""
    await check()
    if not await Migration.table_exists():
        return [name for name, _ in _migrations()]
    ran = set(await Migration.get_migrations_which_ran(_APP))
    return [name for name, _ in _migrations() if name not in ran]


def _migrations() -> list[tuple[str, ModuleType]]:
    """Migrations by name, oldest first."""
    package = importlib.import_module("migrations")
    modules = [importlib.import_module(f"migrations.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return sorted((str(module.ID), module) for module in modules)


async def _apply(module: ModuleType) -> None:
    manager = await module.forwards()
    if isinstance(manager, MigrationManager):
        with contextlib.redirect_stdout(io.StringIO()):  # Piccolo prints, and stdout belongs to the commands
            await manager.run()
