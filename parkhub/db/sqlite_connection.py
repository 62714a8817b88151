"""One connection to an SQLite file, on a thread of its own.

So its statements run in the order they were asked for, and a cancelled task cannot overtake its own rollback.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

# Well below what a frame's job may take, so that a locked database shows as BusyError and the job comes again.
BUSY_TIMEOUT_S = 5.0
Row = dict[str, Any]

# FULL: what was committed is there after a power failure, money above all; NORMAL may lose the last transactions.
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)

# Piccolo's own converters go through Decimal and a second look at the zone; these give the same several times faster.
sqlite3.register_converter("INTEGER", int)
sqlite3.register_converter("TIMESTAMPTZ", lambda written: datetime.fromisoformat(written.decode()))


class Connection:
    """See the module. What reaches SQLite is given to `submit`. One that reads opens when it is first needed."""

    def __init__(self, path: str, *, writes: bool) -> None:
        self._path = path
        self._writes = writes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer" if writes else "sqlite-reader")
        self._raw: sqlite3.Connection | None = None
        self._asked = False

    def submit(self, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Have some work done on the thread, after what was asked for before."""
        self._asked = True
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def open(self) -> None:
        """Open it; raises what sqlite3 raises."""
        await self.submit(self._open)

    async def close(self) -> None:
        """Close it, after what it is doing."""
        if self._asked:
            await asyncio.shield(self.submit(self._close))
        self._thread.shutdown()  # idle by now, so this waits for nothing

    def _open(self) -> None:
        raw = sqlite3.connect(
            self._path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            detect_types=sqlite3.PARSE_DECLTYPES,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            self._prepare(raw)
        except BaseException:
            raw.close()
            raise
        self._raw = raw

    def _prepare(self, raw: sqlite3.Connection) -> None:
        if self._writes:
            _switch_to_wal(raw)
        for pragma in _PRAGMAS:
            raw.execute(pragma)
        if not self._writes:
            raw.execute("PRAGMA query_only = ON")

    def _close(self) -> None:
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    @property
    def _open_raw(self) -> sqlite3.Connection:
        if self._raw is None:
            raise RuntimeError("The database is not open.")
        return self._raw

    # The functions below run on the connection's thread.

    def fetch(self, sql: str, args: Sequence[Any]) -> list[Row]:
        """Run one statement."""
        if self._raw is None and not self._writes:
            self._open()
        cursor = self._open_raw.execute(sql, args)
        try:
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]], *, own_transaction: bool) -> None:
        """Run one statement once per row, all or none."""
        raw = self._open_raw
        if own_transaction:
            raw.execute("BEGIN IMMEDIATE")
        try:
            raw.executemany(sql, rows).close()
        except BaseException:
            if own_transaction:
                self.end(commit=False)
            raise
        if own_transaction:
            self.end(commit=True)

    def begin(self) -> None:
        """Begin a transaction that writes."""
        self._open_raw.execute("BEGIN IMMEDIATE")

    def end(self, *, commit: bool) -> None:
        """Commit or roll back, if there is anything to."""
        raw = self._open_raw
        if not raw.in_transaction:  # the engine rolled it back by itself, or it never began
            return
        try:
            raw.execute("COMMIT" if commit else "ROLLBACK")
        finally:
            if raw.in_transaction:
                raw.execute("ROLLBACK")


def _switch_to_wal(raw: sqlite3.Connection) -> None:
    """Write-ahead log; several processes that start at once must take turns, and SQLite does not wait here."""
    for attempt in range(200):
        try:
            raw.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError:
            if attempt == 199:
                raise
            time.sleep(0.05)
        else:
            return
