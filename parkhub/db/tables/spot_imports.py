"""Spots files on their way in."""

from piccolo.columns import ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class SpotImport(Table, tablename="spot_import"):
    """One uploaded spots file. The box is null but for CarParkPos files."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.restrict, null=False)
    file_key = Text()
    kind = Text()
    box_width = Integer(default=None, null=True)
    box_height = Integer(default=None, null=True)
    status = Text()
    spot_count = Integer()
    error = Text()
    created_at = Timestamptz(default=None, null=False)
