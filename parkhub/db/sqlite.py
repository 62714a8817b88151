"""Piccolo on SQLite without "database is locked".

One connection writes, serialised inside the process by a lock and between processes by BEGIN IMMEDIATE; a few others
read, outside of transactions, what is committed.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from piccolo.engine.sqlite import SQLiteEngine, SQLiteTransaction, TransactionType
from piccolo.querystring import QueryString

from parkhub.db.sqlite_connection import Connection, Row
from parkhub.errors import BusyError, ConflictError, ParkHubError

READERS = 3

_ID = '"id" INTEGER PRIMARY KEY NOT NULL'
_ID_FOR_GOOD = '"id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL'


class LockedError(BusyError):
    """Another process has been writing for longer than a statement waits."""


@contextmanager
def _translated() -> Iterator[None]:
    """Say in ParkHub's words what SQLite could not do."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ConflictError("The change contradicts what is stored.") from error
    except sqlite3.OperationalError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LockedError("The database is busy; try again.", retry_after_s=1) from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise BusyError("The database cannot be read or written; see the disk.", retry_after_s=10) from error
        raise
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise ParkHubError("The database file is damaged; put a backup in its place.") from error
        raise


class SqliteTransaction(SQLiteTransaction):
    """A write transaction. Nested use joins the outer one. No exception and no cancelled task leaves it open."""

    __slots__ = ("open", "outer", "owner")

    def __init__(self, engine: "SqliteEngine", allow_nested: bool = True) -> None:
        super().__init__(engine, TransactionType.immediate, allow_nested)
        self.owner = engine
        self.open = False
        self.outer = cast("SqliteTransaction | None", self._parent)
        if self.outer is not None and not self.outer.open:  # a task that outlived the transaction it was born in
            self.outer = None

    async def __aenter__(self) -> "SqliteTransaction":
        if self.outer is not None:
            return self.outer
        await self.owner.begin()
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
        await self.owner.end(commit=error is None)
        return False


class SqliteEngine(SQLiteEngine):
    """See the module. Opens by itself at the first query, so that Piccolo's own commands work too."""

    def __init__(self, path: Path) -> None:
        super().__init__(path=str(path))
        self._writer: Connection | None = None
        self._readers: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self._write_lock = asyncio.Lock()
        self._open_lock = asyncio.Lock()
        self._closed = False

    async def check_version(self) -> None:
        """Nothing to ask: the library is part of Python."""

    async def open(self) -> None:
        """Open the connections; raises BusyError when the file cannot be opened."""
        async with self._open_lock:
            if self._closed:
                raise RuntimeError("The database is not open.")
            if self._writer is not None:
                return
            writer = Connection(self.path, writes=True)
            try:
                with _translated():
                    await writer.open()
            except BaseException:
                await writer.close()
                raise
            self._writer = writer
            for _ in range(READERS):
                self._readers.put_nowait(Connection(self.path, writes=False))

    async def close(self) -> None:
        """Close the connections, after what they are doing."""
        self._closed = True
        async with self._write_lock:
            if self._writer is None:
                return
            for _ in range(READERS):
                await (await self._readers.get()).close()
            await self._writer.close()
            self._writer = None

    async def _opened(self) -> Connection:
        if self._writer is None:
            await self.open()
        if self._writer is None:
            raise RuntimeError("The database is not open.")
        return self._writer

    async def begin(self) -> None:
        """Take the process's one place among the writers, then SQLite's."""
        writer = await self._opened()
        await self._write_lock.acquire()
        try:
            with _translated():
                await asyncio.shield(writer.submit(writer.begin))
        except BaseException:  # cancelled too: BEGIN may still succeed on its thread
            self._end_soon(writer, commit=False)
            raise

    async def end(self, *, commit: bool) -> None:
        """Commit or roll back; a cancelled caller does not stop it, and the lock is freed in any case."""
        writer = await self._opened()
        with _translated():
            await asyncio.shield(self._end_soon(writer, commit=commit))

    def _end_soon(self, writer: Connection, *, commit: bool) -> asyncio.Future[Any]:
        ending = writer.submit(lambda: writer.end(commit=commit))
        ending.add_done_callback(self._ended)
        return ending

    def _ended(self, ending: asyncio.Future[Any]) -> None:
        if not ending.cancelled():
            ending.exception()  # whoever waited has it; nobody else needs to hear of it
        self._write_lock.release()

    def transaction(
        self,
        transaction_type: TransactionType = TransactionType.immediate,  # noqa: ARG002 - Piccolo's signature
        allow_nested: bool = True,
    ) -> SqliteTransaction:
        """A transaction that writes, always IMMEDIATE: a deferred one fails when another process wrote meanwhile."""
        return SqliteTransaction(self, allow_nested)

    @property
    def in_transaction(self) -> bool:
        """Whether the running task is inside `transaction()`."""
        current = cast("SqliteTransaction | None", self.current_transaction.get())
        return current is not None and current.open

    async def run_querystring(self, querystring: QueryString, in_pool: bool = False) -> list[Row]:  # noqa: ARG002
        """Run one statement of Piccolo's."""
        sql, args = querystring.compile_string(engine_type="sqlite")
        return await self._run(sql, args)

    async def run_ddl(self, ddl: str, in_pool: bool = False) -> list[Row]:  # noqa: ARG002
        """Run one statement that changes the schema."""
        # Without AUTOINCREMENT the id of a deleted newest row is given again, and a job that still knows it would
        # work on a stranger.
        return await self._run(ddl.replace(_ID, _ID_FOR_GOOD), ())

    async def run_many(self, querystring: QueryString, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement once per row, all or none; the query string's own arguments are only placeholders."""
        sql, _ = querystring.compile_string(engine_type="sqlite")
        writer = await self._opened()
        joined = self.in_transaction
        work: Callable[[], None] = lambda: writer.fetch_many(sql, rows, own_transaction=not joined)  # noqa: E731
        if joined:
            with _translated():
                await writer.submit(work)
        else:
            await self._alone(writer.submit, work)

    async def _run(self, sql: str, args: Sequence[Any]) -> list[Row]:
        writer = await self._opened()
        if self.in_transaction:
            with _translated():
                return cast("list[Row]", await writer.submit(writer.fetch, sql, args))
        if sql.lstrip()[:6].upper() != "SELECT":
            return cast("list[Row]", await self._alone(writer.submit, writer.fetch, sql, args))
        reader = await self._readers.get()
        try:
            with _translated():
                return cast("list[Row]", await reader.submit(reader.fetch, sql, args))
        finally:
            self._readers.put_nowait(reader)

    async def _alone(self, submit: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """A write outside of a transaction commits by itself, after the one that is open."""
        async with self._write_lock:
            with _translated():
                return await submit(*args)
