"""Cameras."""

from piccolo.columns import Boolean, DoublePrecision, ForeignKey, Integer, OnDelete, Serial, Text
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class Camera(Table, tablename="camera"):
    """One camera of one lot. ``excluded``: JSON, areas as left, top, width, height in shares of the picture."""

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
