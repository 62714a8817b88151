"""Permits, and the allow and deny lists."""

from piccolo.columns import Boolean, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class Permit(Table, tablename="permit"):
    """A right to park. ``valid_from`` and ``valid_until``: local days as ISO 8601; ``times`` as the domain writes them.

    Its lots and plates are rows of their own.
    """

    id = Serial(primary_key=True)
    kind = Text()
    holder = Text()
    valid_from = Text()
    valid_until = Text()
    times = Text()
    cars_max = Integer()
    paused = Boolean()
    note = Text()
    created_at = Timestamptz(default=None, null=False)
    changed_at = Timestamptz(default=None, null=False)


class PermitLot(Table, tablename="permit_lot"):
    """A lot a permit holds in, with the permit's external id. Unique by permit and lot, and by lot and external id."""

    id = Serial(primary_key=True)
    permit = ForeignKey(Permit, on_delete=OnDelete.cascade, null=False)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    external_id = Text()


class PermitPlate(Table, tablename="permit_plate"):
    """One of a permit's plates; ``folded``: with look-alikes made equal. Unique by permit and plate."""

    id = Serial(primary_key=True)
    permit = ForeignKey(Permit, on_delete=OnDelete.cascade, null=False)
    plate = Text()
    folded = Text(index=True)


class ListedPlate(Table, tablename="listed_plate"):
    """An entry of the allow or the deny list; without a lot it is for all. Unique by list, lot and plate."""

    id = Serial(primary_key=True)
    list = Text()
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=True)
    plate = Text()
    folded = Text(index=True)
    reason = Text()
    valid_until = Timestamptz(default=None, null=True)
    created_at = Timestamptz(default=None, null=False)
