"""What retention has deleted."""

from piccolo.columns import BigInt, BigSerial, Integer, Text, Timestamptz
from piccolo.table import Table


class DeletionLog(Table, tablename="deletion_log"):
    """How many things of one kind one run deleted in a lot, never which. Unique by lot, kind, time and who.

    The lot has no foreign key: the log outlives it.
    """

    id = BigSerial(primary_key=True)
    lot = Integer()
    kind = Text()
    deleted = BigInt()
    older_than = Timestamptz(default=None, null=False)
    at = Timestamptz(default=None, null=False)
    who = Text()
