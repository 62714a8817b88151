"""Barriers and calls from them as the console shows them, in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db import barrier_calls as call_rows
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import lots as lot_rows
from parkhub.db.barrier_openings import OpeningFilter
from parkhub.domain.accounts import Account
from parkhub.domain.barriers import Barrier, Call, Cause, Opening, OpeningOutcome
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.languages import ENGLISH
from parkhub.services import barriers
from parkhub.services.barrier_calls import WORDS
from parkhub.services.barriers import Standing
from parkhub.web.plates import HIDDEN, sees_plates

CAUSES: Final = {
    Cause.PAID: "Paid",
    Cause.GRACE: "Within the time that is free",
    Cause.PERMIT: "Permit",
    Cause.BOOKING: "Booking",
    Cause.FREE: "Nothing to pay",
    Cause.ENTRY: "Entry",
    Cause.BY_HAND: "By hand",
    Cause.TEST: "Test",
}
OUTCOMES: Final = {
    OpeningOutcome.WAITING: ("waiting", ""),
    OpeningOutcome.ACKNOWLEDGED: ("opened", "good"),
    OpeningOutcome.REFUSED: ("refused", "bad"),
    OpeningOutcome.TIMED_OUT: ("no answer", "bad"),
    OpeningOutcome.FAILED: ("failed", "bad"),
}


@dataclass(frozen=True, slots=True)
class CallView:
    """A call with where it comes from."""

    call: Call
    barrier: Barrier
    lot: Lot

    @property
    def why(self) -> str:
        """In words."""
        return WORDS[self.call.cause]


@dataclass(frozen=True, slots=True)
class BarrierView:
    """A barrier with who stands there and what it did last."""

    barrier: Barrier
    lot: Lot
    standing: Standing
    last: Opening | None
    sees_plates: bool

    @property
    def badge(self) -> tuple[str, str]:
        """How it is, in a word."""
        if not self.barrier.enabled:
            return "off", ""
        if self.last is None:
            return "never opened", ""
        return OUTCOMES[self.last.outcome]

    @property
    def plate(self) -> str:
        """The plate of the car that stands there as whoever asks may see it; "" for none."""
        seen = self.standing.passage.plate if self.standing.passage else ""
        return seen if not seen or self.sees_plates else HIDDEN

    @property
    def who(self) -> str:
        """Who stands there, in words."""
        if self.standing.passage is None:
            return "Nobody"
        car = self.plate or "A car without a plate"
        owes = ENGLISH.money(self.standing.due_cents, self.standing.currency) if self.standing.due_cents > 0 else ""
        return f"{car}. {self.why}{f' {owes} is due.' if owes else ''}"

    @property
    def why(self) -> str:
        """Why it opens for them or stays closed, a sentence."""
        if self.standing.opening is not None:
            return "It was told to open."
        closed = self.standing.decision.closed
        return closed.sentence if closed else "It opens by itself."


async def list_call_views(account: Account) -> list[CallView]:
    """Calls that are not over, of the lots of whoever asks, the longest waiting first."""
    found = []
    for call in await call_rows.list_open():
        barrier = await barrier_rows.get_barrier(call.barrier_id)
        if account.may(Right.READ, barrier.lot_id):
            found.append(CallView(call, barrier, await lot_rows.get_lot(barrier.lot_id)))
    return found


async def view_of(barrier: Barrier, now: datetime, account: Account) -> BarrierView:
    """A barrier as it is now, for whoever asks."""
    last = await opening_rows.list_openings([barrier.id], OpeningFilter(), None, 1)
    standing = await barriers.look(barrier, now)
    lot = await lot_rows.get_lot(barrier.lot_id)
    return BarrierView(barrier, lot, standing, last[0] if last else None, sees_plates(account, lot.id))
