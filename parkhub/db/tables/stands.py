"""Where vehicles stood."""

from piccolo.columns import JSON, Date, ForeignKey, Integer, OnDelete, Serial, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class StandDay(Table, tablename="stand_day"):
    """One camera's day: places where vehicles stood, as `parkhub.db.stands` packs them. Unique by camera and day."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    day = Date(default=None, null=False)
    samples = Integer()
    sampled_at = Timestamptz(default=None, null=False)
    stands = JSON()
