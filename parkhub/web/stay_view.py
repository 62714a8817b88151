"""A stay as its driver sees it: how long, how much, until when, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.dues import Due
from parkhub.domain.lot_rules import SmallDues
from parkhub.domain.lots import Lot
from parkhub.domain.pay_ahead import Phase, phase
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.languages import Language
from parkhub.services.billing import Bill
from parkhub.services.dues import Standing
from parkhub.web.quote_words import LineView, lines_of

MINUTE: Final = timedelta(minutes=1)
REREAD_S: Final = 60.0
RIGHTS: Final = ("permit", "staff", "visitor", "allowed")


class StayState(StrEnum):
    """What a driver can do now."""

    DUE = "due"
    NOTHING = "nothing"
    PAID = "paid"
    GONE = "gone"
    SMALL = "small"
    ON_ITS_WAY = "on_its_way"
    CHOOSE = "choose"
    AHEAD = "ahead"
    OVER = "over"
    ENDED = "ended"


CHOOSING: Final = frozenset((StayState.CHOOSE, StayState.AHEAD, StayState.OVER))
"""States in which a driver may choose until when to pay ahead."""
_DUES: Final = {
    Due.NOTHING: StayState.NOTHING,
    Due.PAY: StayState.DUE,
    Due.SMALL: StayState.SMALL,
    Due.ON_ITS_WAY: StayState.ON_ITS_WAY,
}
_BY_CLOCK: Final = {Phase.PAID: StayState.AHEAD, Phase.OVER: StayState.OVER, Phase.ENDED: StayState.ENDED}


@dataclass(frozen=True)
class StayView:
    """A stay at an instant. ``now`` is when the bill was made; ``exit_seen``: a camera sees cars leave.

    One that its driver began by typing a plate is told by the clock alone: whether that car is there is not.
    """

    standing: Standing
    lot: Lot
    now: datetime
    language: Language
    exit_seen: bool = False

    @property
    def bill(self) -> Bill:
        """Its bill."""
        return self.standing.bill

    @property
    def session(self) -> ParkingSession:
        """The session."""
        return self.bill.session

    @cached_property
    def zone(self) -> ZoneInfo:
        """The lot's."""
        return ZoneInfo(self.lot.time_zone)

    @property
    def state(self) -> StayState:
        """What a driver can do now."""
        if (ahead := self._ahead_state) is not None:
            return ahead
        if self.bill.due_cents > 0:
            return _DUES[self.standing.due]
        if self.session.state is not SessionState.OPEN:
            return StayState.GONE
        return StayState.PAID if self._paid_until is not None else StayState.NOTHING

    @property
    def _ahead_state(self) -> StayState | None:
        """The same of one that is paid ahead, or is to be."""
        session, until = self.session, self.session.paid_until
        is_open = session.state is SessionState.OPEN
        if until is None:
            asked = self.standing.rules.paid_ahead and is_open and self.bill.quote is not None
            plain = self._paid_until is None and self.standing.due is not Due.ON_ITS_WAY
            return StayState.CHOOSE if session.begun_by or (asked and plain) else None
        found = phase(until, self.now, timedelta(seconds=self.grace_s), exit_seen=self.exit_seen)
        if session.begun_by or session.ending is Ending.PAID_AHEAD:
            return _BY_CLOCK[found]
        if is_open and (found is Phase.PAID or not self.exit_seen):
            return _BY_CLOCK[found]
        return None

    @property
    def paid_ahead(self) -> str:
        """Until when it is or was paid ahead."""
        return self._when(self.session.paid_until) if self.session.paid_until else ""

    @property
    def ahead_s(self) -> float:
        """How long was paid for ahead, in all."""
        until = self.session.paid_until
        return max(1.0, (until - self.session.entered_at).total_seconds()) if until else 1.0

    @property
    def pays_now(self) -> bool:
        """Whether who may choose until when may as well pay what is due and leave."""
        known = not self.session.begun_by and self.state is StayState.CHOOSE
        return known and self.exit_seen and self.standing.due is Due.PAY

    @property
    def hint(self) -> str:
        """What becomes of an amount that no card takes, or of a payment that is on its way, a sentence."""
        gettext, rules = self.language.gettext, self.standing.rules
        if self.state is StayState.ON_ITS_WAY or self.standing.due is Due.ON_ITS_WAY:
            if rules.processing_leaves:
                return gettext("You may drive out. If your bank refuses it after all, the amount is owed.")
            return gettext("Stay until it has arrived, or pay at the machine or with the attendant.")
        if rules.small_dues is SmallDues.LET_GO:
            return gettext("You need not pay it: drive out.")
        if rules.small_dues is SmallDues.CARRIED:
            return gettext("You may drive out. It stays owed for this stay; staff take it at the car park.")
        return gettext("Pay it at the machine or with the attendant before you drive out.")

    @property
    def _paid_until(self) -> datetime | None:
        leave_by = self.session.leave_by
        return leave_by if leave_by is not None and self.now <= leave_by and self.bill.books.charged_cents else None

    @property
    def late(self) -> str:
        """When the time to leave ended, if the stay was paid and has to be paid for again; "" otherwise."""
        ended = self.session.leave_by or self.session.paid_until
        return self._when(ended) if self.state is StayState.DUE and ended is not None else ""

    @property
    def left(self) -> str:
        """When the car has left; "" while it is there."""
        return self._when(self.session.exited_at) if self.session.exited_at else ""

    @property
    def minutes(self) -> int:
        """How long it has been there, in whole minutes."""
        return self.session.span(self.now).length // MINUTE

    @property
    def parked(self) -> list[tuple[str, str]]:
        """The same as numbers with their units, to be drawn large and small."""
        days, rest = divmod(self.minutes, 24 * 60)
        hours, minutes = divmod(rest, 60)
        gettext = self.language.gettext
        if days:
            return [(str(days), gettext("d")), (str(hours), gettext("h"))]
        return [(str(hours), gettext("h"))] * bool(hours) + [(str(minutes), gettext("min"))]

    @property
    def since(self) -> str:
        """When it came in."""
        return self._when(self.session.entered_at)

    @property
    def clock(self) -> str:
        """When this was counted, to the second."""
        return f"{self.now.astimezone(self.zone):%H:%M:%S}"

    @property
    def due(self) -> str:
        """What is to be paid now; "" for nothing."""
        return self._money(self.bill.due_cents) if self.bill.due_cents > 0 else ""

    @property
    def paid(self) -> str:
        """What was paid before, as it is taken off; "" if nothing was."""
        due, gross = self.bill.due_cents, self.bill.quote.gross_cents if self.bill.quote else 0
        is_paid = due == 0 and self.bill.books.paid_of_charge_cents == gross  # and not waived
        return self._money(due - gross) if due < gross and (due > 0 or is_paid) else ""

    @property
    def total(self) -> str:
        """The price of the whole stay."""
        return self._money(self.bill.quote.gross_cents if self.bill.quote else 0)

    @property
    def tax_on_top(self) -> bool:
        """Whether the lines are told without tax."""
        quote = self.bill.quote
        return (
            quote is not None
            and quote.tax_cents != 0
            and sum(each.amount_cents for each in quote.lines) != (quote.gross_cents)
        )

    @property
    def tax(self) -> str:
        """The tax in the price; "" for none."""
        quote = self.bill.quote
        return self._money(quote.tax_cents) if quote is not None and quote.tax_cents else ""

    @property
    def tax_percent(self) -> str:
        """Its rate."""
        quote = self.bill.quote
        return self.language.number(round(float(quote.tax_percent), 3)) if quote is not None else ""

    @property
    def lines(self) -> list[LineView]:
        """How the price is made."""
        return lines_of(self.bill.quote.lines, self.language) if self.bill.quote else []

    @property
    def same_until(self) -> str:
        """Until when the price stays; "" if it never changes or nobody can say."""
        changes_at = self.bill.quote.changes_at if self.bill.quote else None
        ongoing = self.session.state is SessionState.OPEN
        return self._when(changes_at) if ongoing and changes_at is not None and changes_at > self.now else ""

    @property
    def leave_by(self) -> datetime | None:
        """Until when who has paid may drive out."""
        return self._paid_until

    @property
    def leave_clock(self) -> str:
        """The same in words."""
        return self._when(self._paid_until) if self._paid_until else ""

    @property
    def grace_s(self) -> float:
        """How long the time to drive out is in all."""
        return self.bill.tariff.exit_grace_minutes * 60.0 if self.bill.tariff else 0.0

    @property
    def grace(self) -> str:
        """The same in words; "" for none."""
        return self.language.duration(int(self.grace_s // 60)) if self.grace_s else ""

    @property
    def left_s(self) -> int:
        """Seconds left to drive out, or of the time that is paid ahead."""
        if self.state is StayState.AHEAD and self.session.paid_until is not None:
            return max(0, int((self.session.paid_until - self.now).total_seconds()))
        return max(0, int((self._paid_until - self.now).total_seconds())) if self._paid_until else 0

    @property
    def because(self) -> str:
        """Why nothing is to be paid, a sentence."""
        gettext = self.language.gettext
        if self.session.right in RIGHTS:
            return gettext("This plate parks here by a permit or by invitation. There is nothing to pay.")
        if not self.bill.currency:
            return gettext("This car park charges nothing.")
        if self.same_until:
            return gettext("There is nothing to pay until %(when)s.", when=self.same_until)
        return gettext("There is nothing to pay.")

    @property
    def booked(self) -> bool:
        """Whether it parks on a booking."""
        return self.session.booking_id is not None

    @property
    def changes_in_s(self) -> float:
        """Until something on the page changes by itself: a minute is full, the price rises, the time to leave ends."""
        moments = [self.session.entered_at + (self.minutes + 1) * MINUTE]
        quote = self.bill.quote
        moments += [quote.changes_at] if quote is not None and quote.changes_at is not None else []
        moments += [self.session.leave_by] if self.session.leave_by is not None else []
        if self.session.paid_until is not None:
            moments += [self.session.paid_until, self.session.paid_until + timedelta(seconds=self.grace_s)]
        ahead = [(moment - self.now).total_seconds() for moment in moments if moment > self.now]
        return min(ahead, default=REREAD_S) + 0.05

    def _money(self, cents: int) -> str:
        return self.language.money(cents, self.bill.currency) if self.bill.currency else ""

    def _when(self, moment: datetime) -> str:
        return self.language.when(moment, self.zone, self.now)
