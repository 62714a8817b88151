"""The queue of questions as open pages hear of it: how many wait, and who is on which."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from parkhub.db import review_holds as hold_rows
from parkhub.services import review_holds
from parkhub.web.watched import encode

TOLD_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Queue:
    """How many questions wait, and who is on which of the oldest."""

    count: int
    holders: dict[int, str]
    lot_ids: frozenset[int]


@dataclass(frozen=True)
class QueueSource:
    """The queue of some lots, for pages that lie open."""

    lot_ids: frozenset[int]

    @property
    def key(self) -> tuple[str, frozenset[int]]:
        """See `Source`."""
        return "reviews", self.lot_ids

    async def read(self) -> Queue:
        """See `Source`."""
        waiting = await hold_rows.list_waiting(self.lot_ids, datetime.now(UTC), TOLD_MAX)
        holders = {each.review.id: each.who for each in waiting}
        count = await hold_rows.count_waiting(self.lot_ids) if len(waiting) == TOLD_MAX else len(waiting)
        return Queue(count, holders, self.lot_ids)

    def topics(self, view: Queue) -> frozenset[str]:
        """See `Source`."""
        return frozenset({review_holds.TOPIC, *(f"sessions:{each}" for each in view.lot_ids)})

    def tell(self, view: Queue, before: Queue | None) -> bytes | None:
        """See `Source`."""
        if before is not None and (view.count, view.holders) == (before.count, before.holders):
            return None
        return encode("queue", {"count": view.count, "holders": view.holders})

    def due_s(self, view: Queue) -> None:
        """See `Source`."""
