"""Sessions as staff look for them: filtered, the newest entry first, a page at a time however many there are.

Each filter has an index that begins where the page does; a condition is written out where a partial index asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from parkhub.db.engine import fetch, on_postgresql
from parkhub.db.sessions import PART_MIN, SELECT, read_session
from parkhub.domain.plates import fold
from parkhub.domain.sessions import ParkingSession, SessionState

_STATES: Final = {
    SessionState.OPEN: "state = 'open'",
    SessionState.CLOSED: "state = 'closed'",
    SessionState.CANCELLED: "state = 'cancelled'",
}
_ASKED: Final = "id IN (SELECT session FROM review WHERE decided_at IS NULL AND session IS NOT NULL)"


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions are wanted. ``lot_ids`` None: of all lots. Began from ``since`` on, before ``until``.

    ``part``: of the plate, normalised; look-alikes are equal. ``unpaid``: owes something; ``asked``: a question waits.
    """

    lot_ids: frozenset[int] | None = None
    state: SessionState | None = None
    since: datetime | None = None
    until: datetime | None = None
    unpaid: bool = False
    asked: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A session with what it owes, and whether a question about it waits."""

    session: ParkingSession
    owed_cents: int
    asked: bool = field(default=False)


async def list_found(wanted: SessionFilter, before_id: int | None, limit: int) -> list[Found]:
    """Sessions, the last to enter first, beyond the one with the id ``before_id``."""
    conditions, args = ["state <> 'begun'"], list[Any]()

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        args.extend(values)

    if wanted.lot_ids is not None:
        _add_lots(wanted.lot_ids, add, by_index=wanted.state is not SessionState.OPEN)
    if wanted.state is not None:
        add(_STATES[wanted.state])
    if wanted.since is not None:
        add("entered_at >= {}", wanted.since)
    if wanted.until is not None:
        add("entered_at < {}", wanted.until)
    if wanted.unpaid:
        add("owed_cents > 0")
    if wanted.asked:
        add(_ASKED)
    if wanted.part:
        _add_part(wanted.part, add)
    last = await fetch("SELECT entered_at FROM parking_session WHERE id = {}", before_id) if before_id else []
    if last:
        at = last[0]["entered_at"]
        add("entered_at <= {} AND (entered_at < {} OR id < {})", at, at, before_id)
    rows = await fetch(
        f"{SELECT.replace(' FROM', ', owed_cents FROM')}WHERE {' AND '.join(conditions)} "
        "ORDER BY entered_at DESC, id DESC LIMIT {}",
        *args,
        limit,
    )
    asked = await _asked([row["id"] for row in rows])
    return [Found(read_session(row), row["owed_cents"], row["id"] in asked) for row in rows]


def _add_lots(lot_ids: frozenset[int], add: Any, *, by_index: bool) -> None:
    """One lot by its own index. Of several, no index of lots can give the newest first, so a plus keeps it away, as
    from the few that are open, which have an index of their own.
    """
    marks = ", ".join("{}" for _ in lot_ids)
    if len(lot_ids) == 1 and by_index:
        add("lot = {}", *lot_ids)
    else:
        add(f"+lot IN ({marks})" if lot_ids else "1 = 0", *sorted(lot_ids))


def _add_part(part: str, add: Any) -> None:
    """Of one or two letters only open sessions are looked through."""
    folded = fold(part)
    if len(folded) < PART_MIN:
        add("state = 'open' AND folded LIKE {}", f"%{folded}%")
    elif on_postgresql():
        add("folded LIKE {}", f"%{folded}%")
    else:
        add(
            "id IN (SELECT rowid FROM parking_session_parts WHERE parking_session_parts MATCH {})",
            f'"{folded}"',
        )


async def _asked(ids: Sequence[int]) -> set[int]:
    """About which of these sessions a question waits."""
    if not ids:
        return set()
    marks = ", ".join("{}" for _ in ids)
    rows = await fetch(f"SELECT session FROM review WHERE session IN ({marks}) AND decided_at IS NULL", *ids)  # noqa: S608
    return {row["session"] for row in rows}
