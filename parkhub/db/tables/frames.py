"""Frames, and the last one of each camera that was read."""

from piccolo.columns import (
    JSON,
    BigInt,
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

from parkhub.db.tables.cameras import Camera


class Frame(Table, tablename="frame"):
    """One stored picture. Unique by camera and sequence. ``observations`` as `parkhub.db.frames` packs them."""

    id = BigSerial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.restrict, null=False)
    sequence = BigInt()
    captured_at = Timestamptz(default=None, null=False)
    received_at = Timestamptz(default=None, null=False)
    sha256 = Text()
    byte_count = BigInt()
    width = Integer()
    height = Integer()
    media_type = Text()
    picture_key = Text()
    status = Text()
    error = Text()
    ms = DoublePrecision(default=None, null=True)
    observations = JSON(default=None, null=True)
    clock_unsure = Boolean(default=False)


class CameraLook(Table, tablename="camera_look"):
    """The last picture of a camera that was read; apart from the camera because it changes with every picture.

    From ``trouble`` on: how far its pictures are trusted (`parkhub.domain.trust.TrustTrack`), and where its view lies.
    """

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, unique=True)
    frame = ForeignKey(Frame, on_delete=OnDelete.set_null, null=True, index=True)
    captured_at = Timestamptz(default=None, null=False)
    trouble = Text(default=None, null=True)
    trouble_since = Timestamptz(default=None, null=True)
    suspect = Text(default=None, null=True)
    suspect_since = Timestamptz(default=None, null=True)
    suspect_looks = Integer(default=0)
    shift = JSON(default=None, null=True)
