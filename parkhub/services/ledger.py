"""Posting to the ledger, and checking that it is whole."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from parkhub.db import ledger as ledger_rows
from parkhub.db.engine import transaction
from parkhub.db.ledger import Posted
from parkhub.domain import booking_entries
from parkhub.domain.entries import Books
from parkhub.domain.ledger import GENESIS, Kind, Posting, Transaction, seal

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """What is to be posted once, of a session or of a booking. ``uid`` is the same however often it is told."""

    uid: str
    lot_id: int
    session_id: int | None
    kind: Kind
    currency: str
    at: datetime
    reason: str = ""
    references: Mapping[str, str] | None = None
    booking_id: int | None = None


async def post_event(event: Event, decide: Callable[[Books], tuple[Posting, ...]]) -> bool:
    """Post what ``decide`` makes of the session's books; False when the event was posted before or changes nothing.

    Books are read with the lot's chain held, so that two events at once are decided one after the other. Joins the
    transaction of the caller. What ``decide`` raises leaves nothing behind.
    """
    async with transaction():
        await ledger_rows.lock(event.lot_id)
        if await ledger_rows.find_transaction(event.uid) is not None:
            return False
        postings = await _decide(event, decide)
        if not postings:
            return False
        return await ledger_rows.post(
            Transaction(
                uid=event.uid,
                lot_id=event.lot_id,
                session_id=event.session_id,
                kind=event.kind,
                currency=event.currency,
                at=event.at,
                postings=postings,
                reason=event.reason,
                references=event.references or {},
                booking_id=event.booking_id,
            )
        )


async def _decide(event: Event, decide: Callable[[Books], tuple[Posting, ...]]) -> tuple[Posting, ...]:
    if event.session_id is not None:
        return decide(await ledger_rows.get_books(event.session_id))
    assert event.booking_id is not None
    return booking_entries.posted(decide(await ledger_rows.get_booking_books(event.booking_id)))


async def chain(lot_id: int) -> AsyncIterator[Posted]:
    """A lot's transactions from the first to the one that is last now, a page at a time."""
    last, _ = await ledger_rows.get_head(lot_id)
    for after in range(0, last, _PAGE):
        for posted in await ledger_rows.list_chain(lot_id, after, min(after + _PAGE, last)):
            yield posted


async def verify(lot_id: int) -> list[str]:
    """Every fault of a lot's ledger, in sentences; none when the chain is whole and the balances are its sums.

    May run while others post: what comes after it began is not looked at.
    """
    faults = await _broken_links(lot_id)
    totals: dict[str, int] = {}
    for currency, account, kept, summed in await ledger_rows.compare_balances(lot_id):
        totals[currency] = totals.get(currency, 0) + summed
        if kept != summed:
            faults.append(
                f"The balance of {account.value} in {currency} is kept as {kept}, but its postings sum to {summed}."
            )
    faults += [
        f"The postings in {currency} sum to {total}, not to zero." for currency, total in totals.items() if total
    ]
    return faults


async def _broken_links(lot_id: int) -> list[str]:
    faults: list[str] = []
    sequence, previous = 0, GENESIS
    head = await ledger_rows.get_head(lot_id)
    try:
        async for posted in chain(lot_id):
            if posted.sequence != sequence + 1:
                faults.append(f"Between transactions {sequence} and {posted.sequence} some are missing.")
            elif seal(previous, posted.sequence, posted.transaction) != posted.seal:
                faults.append(f"Transaction {posted.sequence} is not what was posted, or the one before it is not.")
            sequence, previous = posted.sequence, posted.seal
            if sequence == head[0] and previous != head[1]:
                faults.append(f"The seal of transaction {sequence} is not the one it was given.")
    except ValueError as error:  # rows that are no transaction any more
        return [*faults, f"After transaction {sequence} stands something that was never posted: {error}."]
    if sequence < head[0]:
        faults.append(f"The chain ends after transaction {sequence}, but {head[0]} were posted.")
    return faults
