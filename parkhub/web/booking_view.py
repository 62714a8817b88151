"""A booking as its driver reads it, by the lot's clock."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingRules, BookingState, Paying
from parkhub.domain.lots import Lot
from parkhub.languages import Language
from parkhub.web.booking_forms import Times, times_of
from parkhub.web.booking_offer_view import span_words, terms


class Shown(StrEnum):
    """What a booking's page says first."""

    TO_PAY = "to_pay"
    WAITING = "waiting"
    RESERVED = "reserved"
    PAID = "paid"
    ARRIVED = "arrived"
    DONE = "done"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


@dataclass(frozen=True)
class BookingView:
    """A booking in one language. ``due_cents`` may be paid now, ``held_cents`` was paid in advance."""

    booking: Booking
    lot: Lot
    rules: BookingRules
    due_cents: int
    held_cents: int
    is_waiting: bool
    refunded_cents: int
    language: Language
    now: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        """The lot's."""
        return ZoneInfo(self.lot.time_zone)

    @property
    def state(self) -> Shown:
        """What the page says first."""
        if self.booking.state is not BookingState.RESERVED:
            return Shown(self.booking.state.value)
        if self.is_waiting and self.due_cents:
            return Shown.WAITING
        if self.booking.hold_until is not None:
            return Shown.TO_PAY
        return Shown.PAID if self.booking.price_cents and not self.due_cents else Shown.RESERVED

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed and cancelled."""
        return self.booking.state is BookingState.RESERVED

    @property
    def can_pay(self) -> bool:
        """Whether there is something to pay here now."""
        if self.due_cents <= 0 or self.state is Shown.WAITING:
            return False
        held = self.booking.hold_until
        if held is not None:
            return self.now < held
        return not self.is_open or self.rules.payment.allows(Paying.ADVANCE)

    @property
    def hold_until(self) -> str:
        """Until when its place is held for who pays."""
        return self.language.clock(self.booking.hold_until, self.zone) if self.booking.hold_until else ""

    @property
    def due(self) -> str:
        """What may be paid now."""
        return self.money(self.due_cents)

    @property
    def fee_now(self) -> str:
        """What cancelling costs now; "" for nothing."""
        fee = rules_of.cancel_fee_cents(self.booking, self.rules, self.now) if not self.booking.hold_until else 0
        return self.money(fee) if fee else ""

    @property
    def back_now(self) -> str:
        """What cancelling gives back now; "" for nothing."""
        fee = rules_of.cancel_fee_cents(self.booking, self.rules, self.now)
        return self.money(self.held_cents - fee) if self.held_cents > fee else ""

    @property
    def fee(self) -> str:
        """What it has cost to cancel or not to come; "" for nothing."""
        return self.money(self.booking.fee_cents) if self.booking.fee_cents else ""

    @property
    def refunded(self) -> str:
        """What was given back; "" for nothing."""
        return self.money(self.refunded_cents) if self.refunded_cents else ""

    @property
    def when(self) -> str:
        """Its time."""
        return span_words(self.booking.span, self.zone, self.language, self.now)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is booked: pairs of words."""
        gettext, span = self.language.gettext, self.booking.span
        found = [
            (gettext("Booking"), self.booking.code),
            (gettext("From"), self._moment(span.start)),
            (gettext("Until"), self._moment(span.end)),
            (gettext("Place"), self.booking.spot or gettext("any that is free")),
        ]
        if self.booking.price_cents:
            found.append((gettext("Price"), self.money(self.booking.price_cents)))
        if self.held_cents and self.is_open:
            found.append((gettext("Paid"), self.money(self.held_cents)))
        return found

    @property
    def terms(self) -> list[str]:
        """What holds for it, in sentences."""
        if not self.is_open:
            return []
        return terms(self.booking, self.booking.currency, self.rules, self.zone, self.language, self.now)

    @property
    def times(self) -> Times:
        """Its time as fields."""
        return times_of(self.booking.span, self.zone)

    def money(self, cents: int) -> str:
        """An amount in its currency."""
        return self.language.money(cents, self.booking.currency) if self.booking.currency else ""

    def _moment(self, moment: datetime) -> str:
        day, clock = self.language.day(moment, self.zone), self.language.clock(moment, self.zone)
        return self.language.gettext("%(day)s, %(clock)s", day=day, clock=clock)
