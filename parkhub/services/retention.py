"""Retention: what has passed its time in a lot is deleted, in batches that each are whole, so that a run killed in
between has done a part and the next one does the rest.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import retention as rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.retention import Deletion, Kind, cutoffs, hash_plate, plate_key

BATCH: Final = 500
NIGHTLY: Final = "nightly"

log = structlog.get_logger(__name__)


async def preview(lot_id: int, now: datetime) -> list[Deletion]:
    """What a run would delete in a lot now, by kind; changes nothing."""
    before = cutoffs(await rule_rows.get_rules(lot_id), now)
    return [Deletion(lot_id, kind, await rows.count(kind, lot_id, before), before[kind]) for kind in Kind]


async def run(clients: Clients, secret: str, lot_id: int, now: datetime, who: str) -> list[Deletion]:
    """Delete what has passed its time in a lot; answers how much, by kind. ``secret``: the installation's key.

    ``who``: by whose order, for the log of deletions. Two runs at once share the work.
    """
    before = cutoffs(await rule_rows.get_rules(lot_id), now)
    key = plate_key(secret, lot_id)
    done = []
    for kind in Kind:
        deleted = 0
        last = 0
        while ids := await rows.list_ids(kind, lot_id, before, last, BATCH):
            deleted += await _delete(clients, key, Deletion(lot_id, kind, 0, before[kind]), before, ids, now, who)
            last = ids[-1]
        done.append(Deletion(lot_id, kind, deleted, before[kind]))
    return done


async def run_all(clients: Clients, secret: str, now: datetime) -> None:
    """The nightly run, over all lots."""
    for lot in await lot_rows.list_lots():
        done = await run(clients, secret, lot.id, now, NIGHTLY)
        if found := {each.kind.value: each.deleted for each in done if each.deleted}:
            log.info("retention.deleted", lot=lot.id, **found)


async def _delete(
    clients: Clients, key: bytes, none: Deletion, before: rows.Cutoffs, ids: list[int], now: datetime, who: str
) -> int:
    """One batch. Files go first: a crash leaves rows, which the next run finds, and never a picture nobody knows of."""
    kind, lot_id = none.kind, none.lot_id
    for file in await rows.list_files(kind, ids):
        await clients.pictures.delete(file)
    async with transaction():
        await session_rows.lock_lot(lot_id)
        asked = set(ids)
        still = [each for each in await rows.list_ids(kind, lot_id, before, ids[0] - 1, BATCH) if each in asked]
        if not still:
            return 0
        if kind in (Kind.PAID_PLATES, Kind.UNPAID_PLATES):
            folded = await rows.get_folded(still)
            await rows.erase_plates({session_id: hash_plate(key, plate) for session_id, plate in folded.items()})
        else:
            await rows.delete(kind, still)
        await rows.log_deletion(replace(none, deleted=len(still)), now, who)
    return len(still)
