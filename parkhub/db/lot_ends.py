"""What of a lot or a camera is for good, and deleting one of which nothing is."""

from collections.abc import Mapping
from typing import Final

from parkhub.db.engine import fetch

COUNTED_MAX: Final = 1000
"""Counting goes no further: a lot of a million stays would keep the page waiting, and one is enough to stay."""

_OF_LOT: Final = {
    "stay|stays": "parking_session WHERE lot",
    "entry in the books|entries in the books": "ledger_transaction WHERE lot",
    "car seen at a gate|cars seen at gates": "passage WHERE lot",
    "booking|bookings": "booking WHERE lot",
    "closed day|closed days": "day_close WHERE lot",
    "barrier|barriers": "barrier WHERE lot",
    "correction by hand|corrections by hand": "spot_label WHERE lot",
}
_OF_CAMERA: Final = {
    "car seen at its gate|cars seen at its gate": "passage WHERE camera",
    "barrier its node opens|barriers its node opens": "barrier WHERE node",
    "barrier it stands at|barriers it stands at": "barrier_camera WHERE camera",
}


async def count_lot_ties(lot_id: int) -> dict[str, int]:
    """What a lot has left behind that must stay, one and many in words, and how much of it, at most `COUNTED_MAX`;
    empty when nothing has.
    """
    return await _count(_OF_LOT, lot_id)


async def count_camera_ties(camera_id: int) -> dict[str, int]:
    """The same of a camera."""
    return await _count(_OF_CAMERA, camera_id)


async def _count(places: Mapping[str, str], row_id: int) -> dict[str, int]:
    found = {}
    for words, place in places.items():
        some = f"SELECT 1 FROM {place} = {{}} LIMIT {COUNTED_MAX}"  # noqa: S608  our own words
        rows = await fetch(f"SELECT COUNT(*) AS number FROM ({some}) AS found", row_id)  # noqa: S608
        if rows[0]["number"]:
            found[words] = rows[0]["number"]
    return found


async def delete_camera(camera_id: int) -> list[str]:
    """Delete a camera with its pictures' rows, spots and history; answers the keys of its files, the caller's to
    delete. What ties it to a gate must be gone.
    """
    rows = await fetch("SELECT picture_key AS key FROM frame WHERE camera = {}", camera_id)
    rows += await fetch("SELECT file_key AS key FROM spot_import WHERE camera = {}", camera_id)
    await fetch("DELETE FROM frame WHERE camera = {}", camera_id)
    await fetch("DELETE FROM spot_import WHERE camera = {}", camera_id)
    await fetch("DELETE FROM camera WHERE id = {}", camera_id)
    return [row["key"] for row in rows if row["key"]]


async def delete_lot(lot_id: int) -> list[str]:
    """Delete a lot with its cameras, spots, tariffs and rules; answers the keys of its files, the caller's to delete.

    What ties it must be gone.
    """
    keys = []
    for row in await fetch("SELECT id FROM camera WHERE lot = {}", lot_id):
        keys += await delete_camera(row["id"])
    await fetch("DELETE FROM tariff_version WHERE lot = {}", lot_id)
    await fetch("DELETE FROM ledger_balance WHERE lot = {}", lot_id)
    await fetch("DELETE FROM ledger_head WHERE lot = {}", lot_id)
    await fetch("DELETE FROM lot WHERE id = {}", lot_id)
    return keys


async def move_camera(camera_id: int, lot_id: int) -> None:
    """Put a camera with its spots into another lot. No spot there may have the name of one of them."""
    await fetch("UPDATE spot SET lot = {} WHERE camera = {}", lot_id, camera_id)
    await fetch("UPDATE camera SET lot = {} WHERE id = {}", lot_id, camera_id)
