"""What people who book by themselves are offered, and how often they may ask for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.clients import Clients
from parkhub.db import booking_holds as hold_rows
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.domain import bookings as rules_of
from parkhub.domain.accounts import network
from parkhub.domain.bookings import STEP, STEPS_MAX, Booking, BookingRules, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.quotes import Quote
from parkhub.errors import ConflictError
from parkhub.services import bookings
from parkhub.services.bookings import Wish
from parkhub.settings import Settings

TRIES: Final = 30
TRIES_S: Final = 3600
HOLDS: Final = 6
HOLDS_S: Final = 3600
RESERVATIONS: Final = 5
RESERVATIONS_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Offer:
    """A time in a lot: its price, how many of the places are free in it, and how it may be paid.

    ``crowded``: no more may be had without paying in advance. ``others``: the nearest times with a place, where this
    one has none.
    """

    span: Span
    quote: Quote | None
    places: int
    left: int
    rules: BookingRules
    crowded: bool
    others: tuple[Span, ...] = ()

    @property
    def price_cents(self) -> int:
        """What it costs."""
        return self.quote.gross_cents if self.quote else 0

    @property
    def in_advance(self) -> bool:
        """Whether it can be paid now."""
        return self.price_cents > 0 and self.rules.payment.allows(Paying.ADVANCE)

    @property
    def on_site(self) -> bool:
        """Whether it can be had without paying now."""
        return not self.crowded and (not self.price_cents or self.rules.payment.allows(Paying.ON_SITE))


async def make_offer(lot_id: int, span: Span, now: datetime) -> Offer:
    """What a time costs and how many places are left in it. Raises NotFoundError."""
    places = await rule_rows.count_places(lot_id)
    left = places - len(await booking_rows.list_taken(lot_id, span))
    others: tuple[Span, ...] = ()
    if places and left <= 0:
        reach = STEP * STEPS_MAX
        held = await hold_rows.list_held(lot_id, Span(span.start - reach, span.end + reach))
        others = tuple(rules_of.near(places, held, span, now))
    return Offer(
        span=span,
        quote=await bookings.quote(lot_id, span),
        places=places,
        left=max(0, left),
        rules=await rule_rows.get_rules(lot_id),
        crowded=rules_of.is_crowded(places, await hold_rows.count_unpaid(lot_id, span)),
        others=others,
    )


async def take(clients: Clients, settings: Settings, wish: Wish, address: str, now: datetime) -> Booking:
    """Book what was offered; asked again with its ``public_id``, it is the same booking.

    ``address``: whose tries are counted. Raises what `bookings.book` raises, and TooOftenError.
    """
    known = await find_taken(wish)
    if known is not None:
        return known
    source = network(address)
    await clients.limiter.hit(f"booking:from:{source}", TRIES, TRIES_S)
    if wish.paying is Paying.ADVANCE:
        await clients.limiter.hit(f"booking:hold:{source}", HOLDS, HOLDS_S)
    else:
        await clients.limiter.hit(f"booking:unpaid:{source}", RESERVATIONS, RESERVATIONS_S)
    try:
        return await bookings.book(clients, wish, None, now, settings)
    except ConflictError:  # it may have been sent twice at once, by a thumb that did not wait
        known = await find_taken(wish)
        if known is None:
            raise
        return known


async def find_taken(wish: Wish) -> Booking | None:
    """What was booked when this was asked before."""
    known = await booking_rows.find_by_public_id(wish.public_id)
    return known if known is not None and (known.lot_id, known.email) == (wish.lot_id, wish.email) else None
