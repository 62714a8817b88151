"""What people said of spots."""

from piccolo.columns import (
    JSON,
    BigSerial,
    Boolean,
    DoublePrecision,
    ForeignKey,
    OnDelete,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from parkhub.db.tables.accounts import Account
from parkhub.db.tables.cameras import Camera
from parkhub.db.tables.frames import Frame
from parkhub.db.tables.lots import Lot
from parkhub.db.tables.spots import Spot


class SpotLabel(Table, tablename="spot_label"):
    """One person's word on one spot. Unique by lot, name and picture, where there is a picture.

    It outlives its picture, its spot and its camera, so it repeats the name and the polygon. ``said`` null: no engine
    had looked. ``crop_polygon`` is set once the crop is cut. ``word``: a person said it, the engine proposes it, or a
    person said that the crop is of no use. ``origin``: a person's word on the spot, a crop saved from a picture,
    or both, first the crop.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    camera = ForeignKey(Camera, on_delete=OnDelete.set_null, null=True, index=True)
    spot = ForeignKey(Spot, on_delete=OnDelete.set_null, null=True, index=True)
    frame = ForeignKey(Frame, on_delete=OnDelete.set_null, null=True, index=True)
    account = ForeignKey(Account, on_delete=OnDelete.set_null, null=True, index=True)
    name = Text()
    picture_sha256 = Text()
    occupied = Boolean()
    at = Timestamptz(default=None, null=False)
    created_at = Timestamptz(default=None, null=False)
    polygon = JSON()
    before = Text()
    said = Text(default=None, null=True)
    confidence = DoublePrecision(default=None, null=True)
    crop = Text()
    crop_polygon = JSON(default=None, null=True)
    word = Text(default="said")
    origin = Text(default="said")
