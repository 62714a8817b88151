"""Cards that the payment provider keeps for drivers, what was charged to them, and what the provider is to forget."""

from piccolo.columns import BigInt, BigSerial, Boolean, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.drivers import Driver
from parkhub.db.tables.payments import Payment


class DriverCard(Table, tablename="driver_card"):
    """A driver at the payment provider, with the card kept there, if any: ``method`` is "" without one.

    ``consent`` and ``automatic_consent``: the words that were agreed to, and when. ``changed_at``: when the
    provider kept the card, by its clock, so that what is told late changes nothing. At most ``cap_cents``
    are charged at once.
    """

    id = BigSerial(primary_key=True)
    driver = ForeignKey(Driver, on_delete=OnDelete.cascade, null=False, unique=True)
    provider = Text()
    customer = Text()
    method = Text()
    brand = Text()
    last4 = Text()
    exp_month = Integer()
    exp_year = Integer()
    changed_at = Timestamptz(default=None, null=False)
    consent = Text()
    consented_at = Timestamptz(default=None, null=False)
    automatic = Boolean(default=False)
    automatic_consent = Text()
    automatic_at = Timestamptz(default=None, null=True)
    cap_cents = BigInt()
    currency = Text()


class CardCharge(Table, tablename="card_charge"):
    """A stay that was to be paid by a kept card when it ended: at most one for each.

    ``customer`` and ``method`` are copies, so that asking again asks the same; ``driver`` is NULL when the account is
    gone. ``payment`` is NULL where nothing was tried; ``outcome`` "" until it has ended.
    """

    id = BigSerial(primary_key=True)
    public_id = Text(unique=True)
    session = BigInt(unique=True)
    driver = ForeignKey(Driver, on_delete=OnDelete.set_null, null=True, default=None)
    payment = ForeignKey(Payment, on_delete=OnDelete.restrict, null=True, default=None)
    customer = Text()
    method = Text()
    amount_cents = BigInt()
    currency = Text()
    state = Text()
    outcome = Text()
    code = Text()
    tries = Integer()
    created_at = Timestamptz(default=None, null=False)
    next_at = Timestamptz(default=None, null=True)


class CardFarewell(Table, tablename="card_farewell"):
    """What the provider is still to forget: a card, or a customer with all cards where ``method`` is ""."""

    id = BigSerial(primary_key=True)
    provider = Text()
    customer = Text()
    method = Text()
    created_at = Timestamptz(default=None, null=False)
    next_at = Timestamptz(default=None, null=False)
    tries = Integer()
