"""What drivers paid today, for a page that is told again and again: only what was posted since is read again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from parkhub.db import overview as rows
from parkhub.db.overview import Taken


class TakenToday:
    """What was taken in lots from the beginning of their day on, as it was found last.

    A lot's transactions are numbered in the order in which they are posted (`parkhub.db.ledger.lock`), so whatever is
    not in the sum yet has a number beyond the last one in it.
    """

    def __init__(self) -> None:
        self._found: dict[int, tuple[datetime, Taken]] = {}

    async def read(self, lot_ids: Sequence[int], since: datetime) -> dict[int, Taken]:
        """By lot, of those in whose books anything stands. ``since``: when their day began."""
        heads = await rows.list_heads(lot_ids)
        known = {lot: taken for lot in heads if (taken := self._known(lot, since, heads[lot]))}
        if fresh := [lot for lot in heads if lot not in known]:
            known |= await rows.sum_taken(fresh, since)
        for lot, before in known.items():
            if heads[lot] > before.sequence:
                for more in (await rows.sum_taken([lot], since, before.sequence)).values():
                    known[lot] = replace(more, cents=before.cents + more.cents)
        self._found |= {lot: (since, taken) for lot, taken in known.items()}
        return known

    def _known(self, lot_id: int, since: datetime, head: int) -> Taken | None:
        """What was found last, unless another day has begun or these are other books: a copy was put back."""
        begun, taken = self._found.get(lot_id, (None, None))
        return taken if begun == since and taken is not None and taken.sequence <= head else None
