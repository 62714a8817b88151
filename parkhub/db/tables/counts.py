"""How many vehicles and how full: what each picture showed."""

from piccolo.columns import BigSerial, Boolean, ForeignKey, Integer, OnDelete, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera
from parkhub.db.tables.frames import Frame
from parkhub.db.tables.lots import Lot


class FrameCount(Table, tablename="frame_count"):
    """One picture in numbers. Unique by frame, which it outlives; counts are never negative.

    ``slot``: the five minutes that hold ``captured_at``. ``late``: no part of the history. Vehicles are null where
    nobody counted them, all four together.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    frame = ForeignKey(Frame, on_delete=OnDelete.set_null, null=True)
    captured_at = Timestamptz(default=None, null=False)
    slot = Timestamptz(default=None, null=False)
    late = Boolean()
    free = Integer()
    occupied = Integer()
    unknown = Integer()
    cars = Integer(default=None, null=True)
    motorcycles = Integer(default=None, null=True)
    buses = Integer(default=None, null=True)
    trucks = Integer(default=None, null=True)
