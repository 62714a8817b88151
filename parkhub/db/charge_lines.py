"""What each charge changed of the lines of a session's price."""

from collections.abc import Mapping
from datetime import datetime

from parkhub.db.engine import fetch, run_many

Lines = Mapping[tuple[str, str], int]
"""Minor units by a line's kind and label."""


async def sum_of_session(session_id: int) -> Lines:
    """What its lines came to so far."""
    rows = await fetch(
        "SELECT kind, label, CAST(sum(amount_cents) AS BIGINT) AS cents FROM charge_line WHERE session = {} "
        "GROUP BY kind, label",
        session_id,
    )
    return {(row["kind"], row["label"]): row["cents"] for row in rows}


async def add_lines(lot_id: int, session_id: int, at: datetime, currency: str, lines: Lines) -> None:
    """Note what a charge changed of them."""
    await run_many(
        "INSERT INTO charge_line (lot, session, at, kind, label, currency, amount_cents) "
        "VALUES ({}, {}, {}, {}, {}, {}, {})",
        [(lot_id, session_id, at, kind, label, currency, cents) for (kind, label), cents in lines.items()],
    )
