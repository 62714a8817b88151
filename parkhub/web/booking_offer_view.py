"""Offers as people who want to book read them, and what bookings have in common with them, by the lot's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingRules
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.domain.quotes import Quote
from parkhub.languages import Language
from parkhub.services.booking_offers import Offer
from parkhub.web.booking_forms import Times, times_of
from parkhub.web.quote_words import LineView, lines_of

MINE_MAX: Final = 10


@dataclass(frozen=True)
class Bill:
    """A price in words."""

    quote: Quote
    language: Language

    @property
    def lines(self) -> list[LineView]:
        """How it is made."""
        return lines_of(self.quote.lines, self.language)

    @property
    def total(self) -> str:
        """It in all."""
        return self.language.money(self.quote.gross_cents, self.quote.currency)

    @property
    def tax(self) -> str:
        """The tax in it; "" for none."""
        return self.language.money(self.quote.tax_cents, self.quote.currency) if self.quote.tax_cents else ""

    @property
    def percent(self) -> str:
        """Its rate."""
        return self.language.number(round(float(self.quote.tax_percent), 3))

    @property
    def on_top(self) -> bool:
        """Whether the lines are without tax."""
        summed = sum(line.amount_cents for line in self.quote.lines)
        return self.quote.tax_cents != 0 and summed != self.quote.gross_cents


@dataclass(frozen=True)
class OfferView:
    """An offer in one language."""

    offer: Offer
    lot: Lot
    language: Language
    now: datetime

    @cached_property
    def zone(self) -> ZoneInfo:
        """The lot's."""
        return ZoneInfo(self.lot.time_zone)

    @property
    def bill(self) -> Bill | None:
        """Its price; None where nothing is charged."""
        return Bill(self.offer.quote, self.language) if self.offer.quote and self.offer.price_cents else None

    @property
    def length(self) -> str:
        """How long it is."""
        return self.language.duration(self.offer.span.length // timedelta(minutes=1))

    @property
    def left(self) -> str:
        """How many places are left."""
        return self.language.ngettext("%(num)s place left", "%(num)s places left", self.offer.left)

    @property
    def others(self) -> list[tuple[str, Times]]:
        """The nearest times that have a place, in words."""
        return [(span_words(span, self.zone, self.language, self.now), times_of(span, self.zone))
                for span in self.offer.others]  # fmt: skip

    @property
    def terms(self) -> list[str]:
        """What holds for it, in sentences."""
        booking = Booking(self.lot.id, "", self.offer.span, 0, self.offer.span, price_cents=self.offer.price_cents)
        currency = self.offer.quote.currency if self.offer.quote else ""
        return terms(booking, currency, self.offer.rules, self.zone, self.language, self.now)


def span_words(span: Span, zone: ZoneInfo, language: Language, now: datetime) -> str:
    """A time: its beginning with the day, its end with the day only if that is another one."""
    begins, ends = language.when(span.start, zone, now), language.clock(span.end, zone)
    if span.start.astimezone(zone).date() != span.end.astimezone(zone).date():
        ends = language.gettext("%(day)s, %(clock)s", day=language.day(span.end, zone), clock=ends)
    return language.gettext("%(begin)s to %(end)s", begin=begins, end=ends)


def terms(
    booking: Booking, currency: str, rules: BookingRules, zone: ZoneInfo, language: Language, now: datetime
) -> list[str]:
    """Until when a booking can be cancelled, and what becomes of it when nobody comes."""
    gettext, span = language.gettext, booking.span
    given_up_at = rules_of.given_up_at(span, rules)
    most = rules_of.cancel_fee_cents(booking, rules, given_up_at)
    fee = language.money(most, currency) if most else ""
    free_until = span.start - timedelta(hours=rules.cancel_free_hours)
    if not fee:
        found = [gettext("Cancelling costs nothing.")]
    elif now <= free_until:
        when = language.when(free_until, zone, now)
        found = [gettext("Cancel free of charge until %(when)s; after that it costs %(fee)s.", when=when, fee=fee)]
    else:
        found = [gettext("Cancelling costs %(fee)s from now on.", fee=fee)]
    kept = language.when(given_up_at, zone, now)
    if fee:
        found.append(gettext("Your place is kept until %(when)s. Who does not come pays %(fee)s.", when=kept, fee=fee))
    else:
        found.append(gettext("Your place is kept until %(when)s.", when=kept))
    return found


@dataclass(frozen=True, slots=True)
class MineView:
    """A booking in a driver's account."""

    lot: str
    when: str
    plate: str
    public_id: str


async def list_mine(driver_id: int, language: Language, now: datetime) -> list[MineView]:
    """A driver's latest bookings, in words."""
    found = []
    for booking in await booking_rows.list_of_driver(driver_id, MINE_MAX):
        lot = await lot_rows.get_lot(booking.lot_id)
        when = span_words(booking.span, ZoneInfo(lot.time_zone), language, now)
        found.append(MineView(lot.name, when, booking.plate, booking.public_id))
    return found
