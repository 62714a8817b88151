"""What drivers were asked to pay, what became of it at the payment provider, and the provider's events."""

from piccolo.columns import BigInt, BigSerial, Boolean, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class Quote(Table, tablename="quote"):
    """A priced stay as a driver saw it and its receipt shows it; never changed.

    ``public_id`` cannot be guessed. ``lines`` as JSON; ``amount_cents`` was to be paid, the rest of ``gross_cents``
    had been paid before. It is of a session or of a booking, which are named without a foreign key, because they
    expire at other times. ``language`` is what its driver reads; until ``paid_until`` it pays ahead.
    """

    id = BigSerial(primary_key=True)
    public_id = Text(unique=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    session = BigInt(default=None, null=True)
    booking = BigInt(default=None, null=True)
    ticket = Text()
    currency = Text()
    lines = Text()
    net_cents = BigInt()
    tax_cents = BigInt()
    gross_cents = BigInt()
    tax_percent = Text()
    amount_cents = BigInt()
    starts_at = Timestamptz(default=None, null=False)
    ends_at = Timestamptz(default=None, null=False)
    changes_at = Timestamptz(default=None, null=True)
    created_at = Timestamptz(default=None, null=False)
    email = Text()
    paid_until = Timestamptz(default=None, null=True)
    language = Text(default="en")


class Payment(Table, tablename="payment"):
    """A quote's payment at the provider: one for each.

    ``checkout`` and ``intent`` are the provider's ids, "" until known; ``refunded_cents`` all that was given back and
    did not fail. ``failed_cents``: all refunds that failed; ``returned_cents``: of those, what was not given again.
    ``customer``: for whom the provider keeps the card that pays, "" for nobody.
    """

    id = BigSerial(primary_key=True)
    quote = ForeignKey(Quote, on_delete=OnDelete.restrict, null=False, unique=True)
    provider = Text()
    state = Text()
    checkout = Text()
    url = Text()
    intent = Text()
    expires_at = Timestamptz(default=None, null=False)
    paid_at = Timestamptz(default=None, null=True)
    paid_cents = BigInt()
    refunded_cents = BigInt()
    failed_cents = BigInt()
    returned_cents = BigInt()
    customer = Text()


class Receipt(Table, tablename="receipt"):
    """The receipt of a quote that was paid; never changed.

    ``public_id`` cannot be guessed and is not the quote's, which leads to the stay. ``number`` is 1, 2, 3, … in a lot.
    Who takes the money is kept as it was then; ``paid_cents`` is what was paid by it.
    """

    id = BigSerial(primary_key=True)
    public_id = Text(unique=True)
    quote = ForeignKey(Quote, on_delete=OnDelete.restrict, null=False, unique=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    number = BigInt()
    operator_name = Text()
    operator_address = Text()
    operator_tax_number = Text()
    issued_at = Timestamptz(default=None, null=False)
    paid_cents = BigInt()


class CreditNote(Table, tablename="credit_note"):
    """What corrects a receipt, all or a part of it; never changed.

    ``number`` is 1, 2, 3, … in a lot, a series of its own; ``uid``: what it was issued for, once. ``why``: "refund" or
    "dispute".
    """

    id = BigSerial(primary_key=True)
    public_id = Text(unique=True)
    uid = Text(unique=True)
    receipt = ForeignKey(Receipt, on_delete=OnDelete.restrict, null=False)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    number = BigInt()
    amount_cents = BigInt()
    tax_cents = BigInt()
    why = Text()
    issued_at = Timestamptz(default=None, null=False)


class PaymentRefund(Table, tablename="payment_refund"):
    """A refund that a person asked for; its public id is what the provider knows it by.

    ``state``: asked, done, refused, or failed after it was done. ``refusal``: why it refused, or why it failed;
    ``again``: that happened, and it was then asked for by another one.
    """

    id = BigSerial(primary_key=True)
    public_id = Text(unique=True)
    payment = ForeignKey(Payment, on_delete=OnDelete.restrict, null=False)
    amount_cents = BigInt()
    reason = Text()
    account = Integer(default=None, null=True)
    created_at = Timestamptz(default=None, null=False)
    state = Text()
    refusal = Text()
    again = Boolean(default=False)


class StripeEvent(Table, tablename="stripe_event"):
    """An event of the provider's, once, reduced to what is needed (`domain/payment_events.py`).

    ``about``: the payment intent or object it is about; ``next_at``: when it is tried again.
    """

    id = BigSerial(primary_key=True)
    event = Text(unique=True)
    type = Text()
    about = Text()
    body = Text()
    created_at = Timestamptz(default=None, null=False)
    received_at = Timestamptz(default=None, null=False)
    status = Text()
    tries = Integer()
    next_at = Timestamptz(default=None, null=True)
    handled_at = Timestamptz(default=None, null=True)
    error = Text()
