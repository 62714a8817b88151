"""Bookings: a place held for a plate for a time, for one stay.

- A booking holds one numbered place of its lot: a certain spot, or any of the places that can be booked. No place is
  held twice at once; the database refuses it. A plate has one booking at a time in a lot.
- A car that arrives up to ``early_minutes`` before its time parks on its booking if a place is free from then on: its
  own, or, unless a certain spot was booked, another one. Otherwise it parks as any other.
- A car that is not there ``no_show_minutes`` after the beginning (0: at the end) has lost its place, and owes what
  cancelling too late costs. Capture time counts: one whose picture comes late gets its booking back while a place is
  free for the rest of it.
- The price is that of the lot's tariff for the booked time, charged whole if it `binds`, else at most. Cancelling is
  free until ``cancel_free_hours`` before the beginning; after that it costs ``cancel_fee_percent`` of the price that
  was told when it was booked.
- A car that leaves has used its booking, however much of its time is left.
- Who books without staff pays in advance or on site, as the lot allows. A place is held for a short time only for who
  is paying, and who does not pay in advance leaves half of the places to those who do.
- When cancelling costs something, the beginning stays and the end comes no earlier.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from parkhub.domain.local_time import Span
from parkhub.domain.money import rounded
from parkhub.domain.permits import HOLDER_LENGTH_MAX, PLATE_LENGTHS, is_plate
from parkhub.domain.text import printable
from parkhub.errors import InvalidInputError

PLACES_MAX: Final = 10_000
SPAN_MAX: Final = timedelta(days=92)
AHEAD_MAX: Final = timedelta(days=366)
BEGUN_MAX: Final = timedelta(minutes=5)
"""A booking may have begun so long ago when it is made: people book what they stand before."""
HOLD: Final = timedelta(minutes=15)
"""So long a place is held for who is paying for it."""
UNPAID_PER_EMAIL: Final = 3
"""So many reservations that are paid on site may wait for one e-mail address in a lot."""
STEP: Final = timedelta(minutes=30)
"""How far apart the times are that are offered where none is free."""
STEPS_MAX: Final = 24


class BookingState(StrEnum):
    """The first two hold a place. EXPIRED: it was not paid in time."""

    RESERVED = "reserved"
    ARRIVED = "arrived"
    DONE = "done"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class Paying(StrEnum):
    """When a booking is paid; those that staff make are with the stay, as those on site."""

    STAFF = ""
    ON_SITE = "on_site"
    ADVANCE = "advance"


class PaymentRule(StrEnum):
    """How a lot lets people book by themselves."""

    EITHER = "either"
    ADVANCE = "advance"
    ON_SITE = "on_site"

    def allows(self, paying: Paying) -> bool:
        """Whether who books may pay so."""
        return paying is Paying.STAFF or self is PaymentRule.EITHER or self.value == paying.value


@dataclass(frozen=True, slots=True)
class BookingRules:
    """A lot's rules; these are the defaults."""

    early_minutes: int = 30
    no_show_minutes: int = 60
    cancel_free_hours: int = 24
    cancel_fee_percent: int = 100
    payment: PaymentRule = PaymentRule.EITHER


@dataclass(frozen=True, slots=True)
class Place:
    """A place that can be booked, by number; ``spot`` is its name on the map, empty: whichever is free."""

    number: int
    spot: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking. ``span`` is the booked time, ``held`` what its place is taken for: more after an early arrival.

    ``spot`` empty: any place. ``price_cents`` is what was quoted for the booked time, ``fee_cents`` what a late
    cancelling or a no-show costs once it has happened, with ``tax_percent`` in it. ``ended_at``: left, cancelled or
    given up. ``public_id``: its page's address, "" for one made by staff. ``hold_until``: until then it waits for its
    payment. ``changes`` counts what its driver changed, ``moved_at`` is when its time was last changed. ``id`` 0: not
    stored.
    """

    lot_id: int
    plate: str
    span: Span
    place: int
    held: Span
    spot: str = ""
    holder: str = ""
    state: BookingState = BookingState.RESERVED
    session_id: int | None = None
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    price_cents: int = 0
    fee_cents: int = 0
    currency: str = ""
    id: int = 0
    public_id: str = ""
    email: str = ""
    language: str = "en"
    paying: Paying = Paying.STAFF
    hold_until: datetime | None = None
    changes: int = 0
    tariff_id: int | None = None
    tax_percent: Fraction = Fraction(0)
    driver_id: int | None = None
    moved_at: datetime | None = None

    @property
    def binds(self) -> bool:
        """Whether its time is charged whole, once the car is there: it is paid, or staff made it.

        Anybody may type any plate: what a stranger reserves makes no stay dearer.
        """
        return self.paying is Paying.STAFF or (self.paying is Paying.ADVANCE and self.hold_until is None)

    @property
    def code(self) -> str:
        """What it is called for people, such as on receipts."""
        return f"B{self.id}"


def faults(plate: str, holder: str, start: datetime, end: datetime, now: datetime) -> dict[str, str]:
    """What is wrong with a wish for a booking, a sentence by field."""
    wrong = {}
    if not is_plate(plate):
        wrong["plate"] = f"A plate has {PLATE_LENGTHS[0]} to {PLATE_LENGTHS[-1]} letters and digits."
    if len(holder) > HOLDER_LENGTH_MAX or not printable(holder):
        wrong["holder"] = f"Use at most {HOLDER_LENGTH_MAX} letters on one line."
    if start < now - BEGUN_MAX:
        wrong["from"] = "It begins in the past."
    elif start > now + AHEAD_MAX:
        wrong["from"] = f"Book at most {AHEAD_MAX.days} days ahead."
    if end <= max(start, now):
        wrong["until"] = "It ends before it begins."
    elif end - start > SPAN_MAX:
        wrong["until"] = f"Book at most {SPAN_MAX.days} days."
    return wrong


def rule_faults(rules: BookingRules) -> dict[str, str]:
    """What is wrong with a lot's rules, a sentence by field."""
    limits = {
        "early_minutes": (rules.early_minutes, 24 * 60),
        "no_show_minutes": (rules.no_show_minutes, 31 * 24 * 60),
        "cancel_free_hours": (rules.cancel_free_hours, 366 * 24),
        "cancel_fee_percent": (rules.cancel_fee_percent, 100),
    }
    return {
        name: f"Use a whole number from 0 to {most}."
        for name, (number, most) in limits.items()
        if not 0 <= number <= most
    }


def given_up_at(span: Span, rules: BookingRules) -> datetime:
    """From when on nobody waits for a car that has not come."""
    if not rules.no_show_minutes:
        return span.end
    return min(span.end, span.start + timedelta(minutes=rules.no_show_minutes))


def is_awaited(booking: Booking, at: datetime, rules: BookingRules) -> bool:
    """Whether a car that arrives then arrives on its booking, as far as time goes."""
    if booking.state not in (BookingState.RESERVED, BookingState.NO_SHOW):
        return False
    return booking.span.start - timedelta(minutes=rules.early_minutes) <= at < given_up_at(booking.span, rules)


def cancel_fee_cents(booking: Booking, rules: BookingRules, at: datetime) -> int:
    """What cancelling costs at ``at``, or not coming at all."""
    if at <= booking.span.start - timedelta(hours=rules.cancel_free_hours):
        return 0
    return rounded(Fraction(booking.price_cents * rules.cancel_fee_percent, 100))


def check_cancel(booking: Booking) -> None:
    """Raise InvalidInputError, fit for the driver, for a booking that cannot be cancelled any more."""
    if booking.state is BookingState.ARRIVED:
        raise InvalidInputError("The car is there already.")
    if booking.state is not BookingState.RESERVED:
        raise InvalidInputError("This booking is over.")


def check_change(booking: Booking, rules: BookingRules, span: Span, now: datetime) -> None:
    """Raise InvalidInputError, fit for the driver, for another time that this booking cannot have."""
    if booking.state is BookingState.ARRIVED:
        raise InvalidInputError("The car is there already.")
    if booking.state is not BookingState.RESERVED:
        raise InvalidInputError("This booking is over.")
    if booking.hold_until is not None:
        raise InvalidInputError("Pay this booking first, or let it go and book anew.")
    moved = span.start != booking.span.start or span.end < booking.span.end
    if moved and cancel_fee_cents(booking, rules, now):
        raise InvalidInputError("It is too late to move the beginning. You can stay longer, or cancel.")


def is_crowded(place_count: int, unpaid_count: int) -> bool:
    """Whether those that do not pay in advance hold half of the places already; of a single place they may hold all."""
    return unpaid_count >= max(1, place_count // 2)


def near(place_count: int, held: Sequence[tuple[int, Span]], span: Span, now: datetime, most: int = 3) -> list[Span]:
    """The times of the same length nearest to ``span`` in which a place is free, by their beginning."""
    found: list[Span] = []
    shifts = [sign * number * STEP for number in range(1, STEPS_MAX + 1) for sign in (1, -1)]
    for shift in shifts:
        other = Span(span.start + shift, span.end + shift)
        if other.start < now or len(found) == most:
            continue
        taken = {place for place, each in held if each.start < other.end and each.end > other.start}
        if len(taken) < place_count:
            found.append(other)
    return sorted(found, key=lambda each: each.start)


def choose_place(places: Iterable[Place], taken: Set[int], spot: str) -> Place | None:
    """A free place: the one with that spot, or for any the first, those that nobody can ask for by name first."""
    free = [place for place in places if place.number not in taken and (not spot or place.spot == spot)]
    return min(free, key=lambda place: (place.spot != "", place.number), default=None)


def renumber(places: Iterable[Place], any_count: int, spots: Iterable[str]) -> list[Place]:
    """The places a lot has from now on: those that stay keep their number, the others get numbers nobody had."""
    known, wanted = sorted(places, key=lambda place: place.number), list(dict.fromkeys(spots))
    kept = [place for place in known if not place.spot][:any_count]
    kept += [place for place in known if place.spot in wanted]
    lacking = [""] * (any_count - sum(not place.spot for place in kept))
    lacking += [spot for spot in wanted if spot not in {place.spot for place in kept}]
    first = max((place.number for place in known), default=0) + 1
    return kept + [Place(number, spot) for number, spot in enumerate(lacking, first)]
