"""Retention: what has passed its time in a lot is deleted, in batches that each are whole, so that a run killed in
between has done a part and the next one does the rest.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import retention as rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.retention import Cutoffs, Deletion, Kind, cutoffs, hash_plate, plate_key

BATCH: Final = 200
"""Few enough that nobody else waits long for the lot, or for SQLite."""

NIGHTLY: Final = "nightly"

_OF_SESSIONS: Final = (Kind.PAID_PLATES, Kind.UNPAID_PLATES)

log = structlog.get_logger(__name__)


async def preview(lot_id: int, now: datetime) -> list[Deletion]:
    """What a run would delete in a lot now, by kind; changes nothing."""
    before = cutoffs(await rule_rows.get_rules(lot_id), now)
    found = dict.fromkeys(Kind, 0)
    for kind in Kind:
        async for ids in _pages(kind, lot_id, before[kind]):
            found[kind] += len(ids)
            for told, theirs in (await _told(kind, ids, before)).items():
                found[told] += len(theirs)
    return [Deletion(lot_id, kind, found[kind], before[kind]) for kind in Kind]


async def run(clients: Clients, secret: str, lot_id: int, now: datetime, who: str) -> list[Deletion]:
    """Delete what has passed its time in a lot; answers how much, by kind. ``secret``: the installation's key.

    ``who``: by whose order, for the log of deletions. Two runs at once share the work.
    """
    before = cutoffs(await rule_rows.get_rules(lot_id), now)
    key = plate_key(secret, lot_id)
    done = dict.fromkeys(Kind, 0)
    for kind in Kind:
        async for ids in _pages(kind, lot_id, before[kind]):
            await _delete_files(clients, {kind: ids, **await _told(kind, ids, before)})
            async with transaction():
                for each in await _delete(kind, ids, lot_id, before, key):
                    done[each.kind] += each.deleted
                    await rows.log_deletion(each, now, who)
    return [Deletion(lot_id, kind, done[kind], before[kind]) for kind in Kind]


async def run_all(clients: Clients, secret: str, now: datetime) -> None:
    """The nightly run, over all lots."""
    for lot in await lot_rows.list_lots():
        done = await run(clients, secret, lot.id, now, NIGHTLY)
        if found := {each.kind.value: each.deleted for each in done if each.deleted}:
            log.info("retention.deleted", lot=lot.id, **found)


async def _pages(kind: Kind, lot_id: int, before: datetime) -> AsyncIterator[list[int]]:
    last = 0
    while ids := await rows.list_ids(kind, lot_id, before, last, BATCH):
        yield ids
        last = ids[-1]


async def _told(kind: Kind, ids: Sequence[int], before: Cutoffs) -> dict[Kind, list[int]]:
    """What goes with these and is not yet counted or deleted as itself."""
    return await rows.list_told(ids, before[Kind.READS]) if kind in _OF_SESSIONS else {}


async def _delete_files(clients: Clients, going: Mapping[Kind, Sequence[int]]) -> None:
    """Files go before their rows: a crash leaves rows, which the next run finds, and no picture nobody knows of."""
    for kind, ids in going.items():
        for file in await rows.list_files(kind, ids):
            await clients.pictures.delete(file)


async def _delete(kind: Kind, ids: list[int], lot_id: int, before: Cutoffs, key: bytes) -> list[Deletion]:
    """Delete those of a page that still have passed their time, now that nobody else changes the lot's sessions."""
    await session_rows.lock_lot(lot_id)
    asked = set(ids)
    still = [each for each in await rows.list_ids(kind, lot_id, before[kind], ids[0] - 1, BATCH) if each in asked]
    if not still:
        return []
    told = await _told(kind, still, before)
    if kind in _OF_SESSIONS:
        folded = await rows.get_folded(still)
        await rows.erase_plates({session_id: hash_plate(key, plate) for session_id, plate in folded.items()})
    else:
        told = {kind: still}
    for each, theirs in told.items():
        await rows.delete(each, theirs)
    return [Deletion(lot_id, each, len(theirs), before[each]) for each, theirs in {kind: still, **told}.items()]
