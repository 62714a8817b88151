"""The ways that are drawn in lots' plans."""

import msgspec

from parkhub.db import tables
from parkhub.db.engine import fetch
from parkhub.domain.drives import Drives

_read = msgspec.json.Decoder(Drives).decode


async def find_drives(lot_id: int) -> Drives:
    """What is drawn; nothing when nobody has."""
    rows = await fetch("SELECT document FROM lot_drives WHERE lot = {}", lot_id)
    return _read(rows[0]["document"]) if rows else Drives()


async def save_drives(lot_id: int, drives: Drives) -> None:
    """Keep what is drawn in the place of what was, and count that it changed. With the lot's map held."""
    await fetch(
        "INSERT INTO lot_drives (lot, document) VALUES ({}, {}) "
        "ON CONFLICT (lot) DO UPDATE SET document = excluded.document",
        lot_id,
        msgspec.json.encode(drives).decode(),
    )
    table = tables.Lot
    await table.update({table.drives_version: table.drives_version + 1}).where(table.id == lot_id)
