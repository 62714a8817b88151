"""When a camera's pictures could not be trusted."""

from piccolo.columns import ForeignKey, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class CameraTrouble(Table, tablename="camera_trouble"):
    """One trouble of one camera; at most one of each camera has not ended."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    trouble = Text()
    began_at = Timestamptz(default=None, null=False)
    ended_at = Timestamptz(default=None, null=True)
