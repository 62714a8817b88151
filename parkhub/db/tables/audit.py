"""Who did what: rows that triggers keep from ever being changed, and apart from them the plates, which expire."""

from piccolo.columns import BigInt, BigSerial, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table


class AuditEntry(Table, tablename="audit_entry"):
    """One thing done. ``before`` and ``after``: JSON text. Unique by ``undoes``: nothing is undone twice.

    Lot, account and what was undone have no foreign keys: entries outlive what they tell of.
    """

    id = BigSerial(primary_key=True)
    action = Text()
    account = Integer(default=None, null=True)
    lot = Integer(default=None, null=True)
    subject = Text()
    before = Text(default=None, null=True)
    after = Text(default=None, null=True)
    reason = Text()
    at = Timestamptz(default=None, null=False)
    undoes = BigInt(default=None, null=True)


class AuditPlate(Table, tablename="audit_plate"):
    """The plates before and after one entry, until retention deletes them; never changed."""

    id = BigSerial(primary_key=True)
    entry = ForeignKey(AuditEntry, on_delete=OnDelete.restrict, null=False, unique=True)
    before = Text()
    after = Text()
