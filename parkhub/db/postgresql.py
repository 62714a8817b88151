"""Piccolo on PostgreSQL with a pool, where no exception and no cancelled task keeps a connection."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, cast

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.querystring import QueryString

from parkhub.errors import BusyError, ConflictError, SettingsError

POOL_MAX = 8
CONNECT_TIMEOUT_S = 10.0
# Below what a frame's job may take, so that a locked database shows as BusyError and the job comes again.
COMMAND_TIMEOUT_S = 10.0
DDL_TIMEOUT_S = 600.0


@contextmanager
def _translated() -> Iterator[None]:
    """Say in ParkHub's words what PostgreSQL could not do."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ConflictError("The change contradicts what is stored.") from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # a value of the wrong type: ours to mend
            raise
        raise BusyError("The database does not answer; try again.", retry_after_s=2) from error
    except (
        OSError,  # TimeoutError too
        asyncpg.PostgresConnectionError,
        asyncpg.CannotConnectNowError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.TooManyConnectionsError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.DiskFullError,
    ) as error:
        raise BusyError("The database does not answer; try again.", retry_after_s=2) from error


class PostgresqlTransaction(PostgresTransaction):
    """A transaction. Nested use joins the outer one."""

    __slots__ = ("open", "outer", "owner")

    def __init__(self, engine: "PostgresqlEngine", allow_nested: bool = True) -> None:
        super().__init__(engine, allow_nested)
        self.owner = engine
        self.open = False
        self.outer = cast("PostgresqlTransaction | None", self._parent)
        if self.outer is not None and not self.outer.open:  # a task that outlived the transaction it was born in
            self.outer = None

    async def __aenter__(self) -> "PostgresqlTransaction":
        if self.outer is not None:
            return self.outer
        with _translated():
            self.connection = await self.get_connection()
            try:
                self.transaction = self.connection.transaction()
                await self.transaction.start()
            except BaseException:
                await self._give_back()
                raise
        self.open = True
        self.context = self.owner.current_transaction.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self.outer is not None:
            return False
        self.open = False
        self.owner.current_transaction.reset(self.context)
        with _translated():
            try:
                if error is None:
                    await self.transaction.commit()
                elif not self.connection.is_closed():
                    await self.transaction.rollback()
            finally:
                await self._give_back()
        return False

    async def get_connection(self) -> Any:
        """One connection, from the pool where there is one."""
        if self.owner.pool:
            return await self.owner.pool.acquire(timeout=CONNECT_TIMEOUT_S)
        return await self.owner.get_new_connection()

    async def _give_back(self) -> None:
        # The pool shields this from cancelling, and rolls back whatever is still open.
        if self.owner.pool:
            await self.owner.pool.release(self.connection)
        else:
            await self.connection.close()


class PostgresqlEngine(PostgresEngine):
    """Piccolo's engine with a pool of its own; without one (Piccolo's commands) it connects per query."""

    def __init__(self, url: str) -> None:
        super().__init__(
            config={
                "dsn": url,
                "timeout": CONNECT_TIMEOUT_S,
                "command_timeout": COMMAND_TIMEOUT_S,
                "server_settings": {"application_name": "parkhub", "timezone": "UTC"},
            }
        )
        self._closed = False

    async def check_version(self) -> None:
        """Not at construction: the server may be away, and `open` says so better."""

    async def open(self) -> None:
        """Open the pool; raises BusyError when the server is away, SettingsError when it refuses the address."""
        try:
            with _translated():
                await self.start_connection_pool(min_size=1, max_size=POOL_MAX)
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise SettingsError(f"PARKHUB_DATABASE_URL is wrong: {error}.") from error
        except ValueError as error:  # its text may hold the password
            raise SettingsError("PARKHUB_DATABASE_URL is wrong: it cannot be read as an address.") from error
        except asyncpg.PostgresError as error:
            raise BusyError(f"The database refuses: {error}.") from error

    async def close(self) -> None:
        """Close the pool after what it is doing."""
        self._closed = True
        if self.pool:
            await self.close_connection_pool()

    def transaction(self, allow_nested: bool = True) -> PostgresqlTransaction:
        """A transaction on one connection of the pool."""
        return PostgresqlTransaction(self, allow_nested)

    @property
    def in_transaction(self) -> bool:
        """Whether the running task is inside `transaction()`."""
        current = cast("PostgresqlTransaction | None", self.current_transaction.get())
        return current is not None and current.open

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:
        """Run one statement of Piccolo's."""
        sql, args = querystring.compile_string(engine_type="postgres")
        return await self._run(sql, args, in_pool=in_pool)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:
        """Run one statement that changes the schema, which may mean to write a large table anew."""
        return await self._run(ddl, (), in_pool=in_pool, timeout_s=DDL_TIMEOUT_S)

    async def run_many(self, querystring: QueryString, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement once per row, all or none; the query string's own arguments are only placeholders."""
        sql, _ = querystring.compile_string(engine_type="postgres")
        with _translated():
            if self.in_transaction:
                current = self.current_transaction.get()
                assert current is not None
                await current.connection.executemany(sql, rows)
            elif self.pool:
                async with self.pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection:
                    await connection.executemany(sql, rows)
            else:
                raise RuntimeError("The database is not open.")

    async def _run(self, sql: str, args: Sequence[Any], *, in_pool: bool, timeout_s: float = COMMAND_TIMEOUT_S) -> Any:
        with _translated():
            if self.in_transaction:
                current = self.current_transaction.get()
                assert current is not None
                return await current.connection.fetch(sql, *args, timeout=timeout_s)
            if in_pool and self.pool:
                async with self.pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection:
                    return await connection.fetch(sql, *args, timeout=timeout_s)
            if self._closed:
                raise RuntimeError("The database is not open.")
            return await self._run_in_new_connection(sql, args)
