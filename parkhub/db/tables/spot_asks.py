"""What the spot editor asks vision."""

from piccolo.columns import JSON, ForeignKey, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class SpotAsk(Table, tablename="spot_ask"):
    """One question about a camera's picture and, once ``answered_at``, its answer or an error. Kept for an hour."""

    id = Serial(primary_key=True)
    uid = Text(unique=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, index=True)
    kind = Text()
    question = JSON()
    answer = JSON(default=None, null=True)
    error = Text()
    created_at = Timestamptz(default=None, null=False)
    answered_at = Timestamptz(default=None, null=True)
