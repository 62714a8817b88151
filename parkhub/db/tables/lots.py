"""Lots and how full they were."""

from piccolo.columns import BigSerial, DoublePrecision, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table


class Lot(Table, tablename="lot"):
    """One car park."""

    id = Serial(primary_key=True)
    slug = Text(unique=True)
    name = Text()
    address = Text()
    time_zone = Text()
    plan_width = DoublePrecision()
    plan_height = DoublePrecision()
    opening_hours = Text(default="")
    country = Text(default="")
    latitude = DoublePrecision(default=None, null=True)
    longitude = DoublePrecision(default=None, null=True)
    drives_version = Integer(default=0)


class OccupancySample(Table, tablename="occupancy_sample"):
    """Five minutes of a lot. Unique by lot and time; counts are never negative."""

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    at = Timestamptz(default=None, null=False)
    free = Integer()
    occupied = Integer()
    unknown = Integer()
