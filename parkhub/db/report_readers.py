"""Who wants which lot's report every month."""

from parkhub.db.engine import fetch


async def add_reader(lot_id: int, account_id: int) -> None:
    """Note it; a second time changes nothing."""
    await fetch(
        "INSERT INTO report_reader (lot, account) VALUES ({}, {}) ON CONFLICT (lot, account) DO NOTHING",
        lot_id,
        account_id,
    )


async def remove_reader(lot_id: int, account_id: int) -> None:
    """Forget it."""
    await fetch("DELETE FROM report_reader WHERE lot = {} AND account = {}", lot_id, account_id)


async def is_reader(lot_id: int, account_id: int) -> bool:
    """Whether somebody wants it."""
    return bool(await fetch("SELECT 1 AS one FROM report_reader WHERE lot = {} AND account = {}", lot_id, account_id))


async def list_readers(lot_id: int) -> list[int]:
    """The accounts that want a lot's."""
    rows = await fetch("SELECT account FROM report_reader WHERE lot = {} ORDER BY account", lot_id)
    return [row["account"] for row in rows]
