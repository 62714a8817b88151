"""Versions of cameras' spots."""

from piccolo.columns import JSON, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.accounts import Account
from parkhub.db.tables.cameras import Camera


class SpotVersion(Table, tablename="spot_version"):
    """One saved state of a camera's spots, as `parkhub.db.spot_versions` packs it. Unique by camera and number."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    number = Integer()
    account = ForeignKey(Account, on_delete=OnDelete.set_null, null=True, index=True)
    saved_at = Timestamptz(default=None, null=False)
    words = Text()
    width = Integer()
    height = Integer()
    spot_count = Integer()
    spots = JSON()
