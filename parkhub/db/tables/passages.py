"""Cars that go by gate cameras, and what was read of each."""

from piccolo.columns import (
    BigInt,
    BigSerial,
    Boolean,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera
from parkhub.db.tables.lots import Lot


class Passage(Table, tablename="passage"):
    """One car going by one gate camera. Texts that mean nothing yet are "".

    ``path``: places seen, JSON as `parkhub.db.passages` packs them. ``heard_at``: when its last picture arrived.
    ``why``: why it was accepted or rejected; ``outcome`` and ``reason``: what became of it. ``frame`` is the one of the
    crop; frames and sessions are named without foreign keys, because they expire at other times.
    ``seen_earlier``: it turned out to have begun earlier, and what it began or ended is still to hear of it.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    camera = ForeignKey(Camera, on_delete=OnDelete.restrict, null=False)
    state = Text()
    direction = Text()
    plate = Text()
    folded = Text()
    confidence = DoublePrecision()
    candidates = Text()
    kind = Text()
    first_at = Timestamptz(default=None, null=False)
    last_at = Timestamptz(default=None, null=False)
    heard_at = Timestamptz(default=None, null=False)
    decided_at = Timestamptz(default=None, null=True)
    frames = Integer()
    path = Text()
    why = Text()
    outcome = Text()
    reason = Text()
    session = BigInt(default=None, null=True)
    frame = BigInt(default=None, null=True)
    crop_key = Text()
    crop_sha256 = Text()
    clock_unsure = Boolean(default=False)
    seen_earlier = Boolean(default=False)


class PlateRead(Table, tablename="plate_read"):
    """One look at one car in one frame. Unique by frame and number; ``text`` "" for a car that shows no plate.

    ``box``: JSON, left, top, width, height in shares of the picture; ``raw_texts``: JSON, what was seen before any
    rule; ``readings``: JSON as `parkhub.db.passages` packs them.
    """

    id = BigSerial(primary_key=True)
    passage = ForeignKey(Passage, on_delete=OnDelete.cascade, null=False, index=True)
    frame = BigInt()
    number = Integer()
    captured_at = Timestamptz(default=None, null=False)
    text = Text()
    confidence = DoublePrecision()
    kind = Text()
    box = Text()
    raw_texts = Text()
    readings = Text()
    crop_key = Text()
    crop_sha256 = Text()
