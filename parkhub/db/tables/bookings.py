"""Bookings, the places that can be booked, and a lot's rules for them."""

from piccolo.columns import BigInt, BigSerial, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class BookingRules(Table, tablename="booking_rules"):
    """What an operator may set of a lot's bookings; a lot without a row has the defaults of the domain."""

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, unique=True)
    early_minutes = Integer()
    no_show_minutes = Integer()
    cancel_free_hours = Integer()
    cancel_fee_percent = Integer()
    payment = Text(default="either")


class BookablePlace(Table, tablename="bookable_place"):
    """A place of a lot that can be booked, by number; ``spot``: a spot's name, empty: whichever place is free there.

    Unique by lot and number, and by lot and spot.
    """

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    number = Integer()
    spot = Text()


class Booking(Table, tablename="booking"):
    """A place held for a plate. Times half-open; no two that hold a place overlap in ``held_from`` to ``held_until``.

    Sessions, tariffs and drivers are named without a foreign key, because they expire at other times.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    plate = Text()
    folded = Text()
    holder = Text()
    starts_at = Timestamptz(default=None, null=False)
    ends_at = Timestamptz(default=None, null=False)
    place = Integer()
    spot = Text()
    held_from = Timestamptz(default=None, null=False)
    held_until = Timestamptz(default=None, null=False)
    state = Text()
    session = BigInt(default=None, null=True)
    arrived_at = Timestamptz(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    price_cents = BigInt()
    fee_cents = BigInt()
    currency = Text()
    created_at = Timestamptz(default=None, null=False)
    public_id = Text()
    email = Text()
    language = Text()
    payment = Text()
    hold_until = Timestamptz(default=None, null=True)
    changes = Integer()
    tariff = Integer(default=None, null=True)
    tax_percent = Text(default="0")
    driver = Integer(default=None, null=True, index=True)
    moved_at = Timestamptz(default=None, null=True)
