"""Cameras that have fallen silent, as people were told."""

from piccolo.columns import ForeignKey, OnDelete, Serial, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class Silence(Table, tablename="silence"):
    """A camera of whose silence people were told. ``back_at``: since when it is heard again, which they will be.

    ``over_at``: when they were told last that it is over; before ``told_at`` it was about an earlier one.
    """

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, unique=True)
    since = Timestamptz(default=None, null=False)
    told_at = Timestamptz(default=None, null=False)
    back_at = Timestamptz(default=None, null=True)
    over_at = Timestamptz(default=None, null=True)


class SilenceWatch(Table, tablename="silence_watch"):
    """One row: when somebody looked last who is silent, and since when without a pause."""

    id = Serial(primary_key=True)
    looked_at = Timestamptz(default=None, null=False)
    since = Timestamptz(default=None, null=False)
