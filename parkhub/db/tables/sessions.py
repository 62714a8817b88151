"""Parking sessions, the tariffs they are priced by, a lot's rules, and what waits for a person's decision."""

from piccolo.columns import BigInt, BigSerial, Boolean, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class TariffVersion(Table, tablename="tariff_version"):
    """A lot's tariff for a vehicle kind ("" is any) from an instant on, as YAML. Unique by these three.

    ``note``: why, for those who run the lot.
    """

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    kind = Text()
    text = Text()
    valid_from = Timestamptz(default=None, null=False)
    created_at = Timestamptz(default=None, null=False)
    created_by = Integer(default=None, null=True)
    note = Text(default="")


class LotRules(Table, tablename="lot_rules"):
    """What an operator may set of a lot's sessions; a lot without a row has the defaults of the domain."""

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, unique=True)
    stay_max_minutes = Integer()
    anti_passback = Boolean()
    tariff_follows = Text()
    picture_keep_days = Integer()
    read_keep_days = Integer()
    paid_keep_days = Integer()
    unpaid_keep_days = Integer()
    paid_ahead = Boolean(default=False)
    remind_minutes = Integer(default=10)
    small_dues = Text(default="carried")
    processing_leaves = Boolean(default=True)
    operator_name = Text()
    operator_address = Text()
    operator_tax_number = Text()


class ParkingSession(Table, tablename="parking_session"):
    """One visit of one vehicle. Unique by ticket; at most one open by lot and plate.

    ``folded``: the plate with look-alikes made equal. ``plate_hash``: what keeps statistics possible once the plate is
    gone. Passages, permits and bookings are named without foreign keys, because they expire at other times.
    ``paid_until``: it was paid ahead until then; ``begun_by``: "driver" where no camera had seen it come.
    ``owed_cents``: what its postings say it owes, kept by `parkhub.db.ledger` with each of them.
    """

    id = BigSerial(primary_key=True)
    ticket = Text(unique=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    plate = Text()
    folded = Text()
    plate_hash = Text()
    kind = Text()
    state = Text()
    ending = Text()
    entered_at = Timestamptz(default=None, null=False)
    exited_at = Timestamptz(default=None, null=True)
    leave_by = Timestamptz(default=None, null=True)
    paid_until = Timestamptz(default=None, null=True)
    begun_by = Text()
    entry_passage = BigInt(default=None, null=True)
    exit_passage = BigInt(default=None, null=True)
    tariff = ForeignKey(TariffVersion, on_delete=OnDelete.restrict, null=True, default=None)
    permit = BigInt(default=None, null=True)
    booking = BigInt(default=None, null=True)
    right = Text()
    owed_cents = BigInt(default=0)


class DiscountCode(Table, tablename="discount_code"):
    """A code that makes stays in a lot cheaper. Unique by lot and code; ``percent`` as a decimal number."""

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    code = Text()
    percent = Text()
    amount_cents = BigInt()
    minutes = Integer()
    uses_max = Integer(default=None, null=True)
    valid_from = Timestamptz(default=None, null=True)
    valid_until = Timestamptz(default=None, null=True)


class SessionCode(Table, tablename="session_code"):
    """A code given with a session. Unique by both."""

    id = BigSerial(primary_key=True)
    session = ForeignKey(ParkingSession, on_delete=OnDelete.restrict, null=False)
    code = ForeignKey(DiscountCode, on_delete=OnDelete.restrict, null=False, index=True)
    at = Timestamptz(default=None, null=False)


class Review(Table, tablename="review"):
    """A question to staff about a passage or a session. ``suggestions``: JSON, sessions with costs, likeliest first.

    ``held_by``: the account that is about to answer, until ``held_until``.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    kind = Text()
    passage = BigInt(default=None, null=True, index=True)
    session = BigInt(default=None, null=True, index=True)
    suggestions = Text()
    created_at = Timestamptz(default=None, null=False)
    decided_at = Timestamptz(default=None, null=True)
    decided_by = Integer(default=None, null=True)
    decision = Text()
    held_by = Integer(default=None, null=True)
    held_until = Timestamptz(default=None, null=True)
