"""Cameras."""

from piccolo.columns import Boolean, DoublePrecision, ForeignKey, Integer, OnDelete, Serial, Text
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class Camera(Table, tablename="camera"):
    """One camera of one lot. ``excluded``: JSON, areas as left, top, width, height in shares of the picture.

    ``sure_min`` and ``read_sure_min``: how sure an engine must be of a place, a reader of a plate, 0 to 1.
    ``keep_h``: hours its pictures are kept, null: as long as all others.
    """

    id = Serial(primary_key=True)
    public_id = Text(unique=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, index=True)
    name = Text()
    key_hash = Text()
    engine = Text()
    debounce_agree = Integer()
    debounce_window = Integer()
    stale_after_s = DoublePrecision()
    enabled = Boolean(default=True)
    marked_width = Integer(default=0)
    marked_height = Integer(default=0)
    counts_vehicles = Boolean(default=False)
    reference = Integer(default=0)
    role = Text(default="overview")
    region = Text(default="auto")
    inward = Text(default="down")
    excluded = Text(default="[]")
    reads_min = Integer(default=2)
    sure_min = DoublePrecision(default=0.0)
    read_sure_min = DoublePrecision(default=0.0)
    keep_h = Integer(default=None, null=True)
