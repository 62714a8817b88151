"""Spots, what is known of each, and every change of that."""

from piccolo.columns import (
    JSON,
    BigSerial,
    Boolean,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from parkhub.db.tables.accounts import Account
from parkhub.db.tables.cameras import Camera
from parkhub.db.tables.frames import Frame
from parkhub.db.tables.lots import Lot


class Spot(Table, tablename="spot"):
    """One marked place. ``polygon`` [[x, y], …]; ``plan`` as `parkhub.db.spots` packs it.

    ``retired``: no version shows it now, and its row waits with its history for one that does. Unique by lot and name
    among those that are not.
    """

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    name = Text()
    kind = Text()
    zone = Text()
    position = Integer()
    polygon = JSON()
    plan = JSON()
    retired = Boolean(default=False)


class SpotTrack(Table, tablename="spot_track"):
    """What is known of a spot; narrow, because all tracks of a camera are rewritten with every picture.

    ``camera``: whose view decided it, for a place that several see; null elsewhere.
    """

    spot = ForeignKey(Spot, on_delete=OnDelete.cascade, null=False, primary_key=True)
    state = Text()
    confidence = DoublePrecision()
    since = Timestamptz(default=None, null=True)
    seen_at = Timestamptz(default=None, null=True)
    recent = Text()
    vehicle = Text(default=None, null=True)
    held_until = Timestamptz(default=None, null=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.set_null, null=True)


class SpotView(Table, tablename="spot_view"):
    """What one camera knows of a place that several see, each by a spot of its own; every such spot has a row.

    ``place``: the spot that stands for all of them; only it has a `SpotTrack`, which is decided from these rows.
    """

    spot = ForeignKey(Spot, on_delete=OnDelete.cascade, null=False, primary_key=True)
    place = ForeignKey(Spot, on_delete=OnDelete.cascade, null=False, index=True)
    state = Text()
    confidence = DoublePrecision()
    since = Timestamptz(default=None, null=True)
    seen_at = Timestamptz(default=None, null=True)
    recent = Text()
    vehicle = Text(default=None, null=True)
    held_until = Timestamptz(default=None, null=True)


class SpotChange(Table, tablename="spot_change"):
    """One transition of one spot. ``lot`` repeats the spot's, so that a lot's history needs no join to be found.

    ``camera``: whose view decided it, for a place that several see.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    spot = ForeignKey(Spot, on_delete=OnDelete.cascade, null=False)
    frame = ForeignKey(Frame, on_delete=OnDelete.set_null, null=True, index=True)
    before = Text()
    after = Text()
    at = Timestamptz(default=None, null=False)
    confidence = DoublePrecision()
    by_hand = Boolean(default=False)
    account = ForeignKey(Account, on_delete=OnDelete.set_null, null=True, index=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.set_null, null=True, index=True)
