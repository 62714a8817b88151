"""The ways that are drawn in a lot's plan."""

from piccolo.columns import ForeignKey, OnDelete, Serial, Text
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class LotDrives(Table, tablename="lot_drives"):
    """A lot's lanes, entrances and monitors as JSON; how often they were saved stands with the lot."""

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, unique=True)
    document = Text()
