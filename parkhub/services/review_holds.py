"""One person a question: whoever looks at one holds it for a while, and nobody else is shown it meanwhile."""

from datetime import datetime, timedelta
from typing import Final

from parkhub.clients import Clients
from parkhub.db import review_holds as hold_rows
from parkhub.db import reviews as review_rows
from parkhub.domain.reviews import Review
from parkhub.errors import NotFoundError

HELD_FOR: Final = timedelta(seconds=90)
TOPIC: Final = "reviews"
"""What is announced when somebody else is on a question."""
_TRIES: Final = 5


async def take(
    clients: Clients,
    account_id: int,
    lot_ids: frozenset[int] | None,
    now: datetime,
    wanted: int | None = None,
    after: int | None = None,
) -> Review | None:
    """Hold the ``wanted`` question if it waits and is nobody's, else the oldest such one; None when there is none.

    ``after``: the one just left aside; those that came before it follow once the rest is done.
    """
    held = await _wanted(account_id, lot_ids, now, wanted)
    for _ in range(_TRIES):
        if held is not None:
            break
        found = await hold_rows.list_free(lot_ids, account_id, now, await _find(after), 1)
        found = found or await hold_rows.list_free(lot_ids, account_id, now, None, 1)
        if not found:
            break
        held = await hold_rows.hold(found[0].id, account_id, now, now + HELD_FOR)
    await hold_rows.let_go(account_id, held.id if held else 0)
    await clients.live.announce(TOPIC)
    return held


async def keep(clients: Clients, review_id: int, account_id: int, now: datetime) -> bool:
    """Hold a question on; False when it is answered or another's by now."""
    held = await hold_rows.hold(review_id, account_id, now, now + HELD_FOR)
    await clients.live.announce(TOPIC)
    return held is not None


async def _wanted(account_id: int, lot_ids: frozenset[int] | None, now: datetime, wanted: int | None) -> Review | None:
    review = await _find(wanted)
    if review is None or (lot_ids is not None and review.lot_id not in lot_ids):
        return None
    return await hold_rows.hold(review.id, account_id, now, now + HELD_FOR)


async def _find(review_id: int | None) -> Review | None:
    if review_id is None:
        return None
    try:
        return await review_rows.get_review(review_id)
    except NotFoundError:
        return None
