"""Barriers, what they were asked to do, and the calls for help from them."""

from piccolo.columns import BigInt, BigSerial, Boolean, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera
from parkhub.db.tables.lots import Lot


class Barrier(Table, tablename="barrier"):
    """A barrier at one side of a lot. No secret is kept: it is made from ``secret_version``.

    ``code``: in the address of its page for drivers, cannot be guessed. ``address``: a webhook's or a topic; ``node``:
    whose node has the relay.
    """

    id = Serial(primary_key=True)
    public_id = Text(unique=True)
    code = Text(unique=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    name = Text()
    kind = Text()
    side = Text()
    letting = Text()
    address = Text()
    node = ForeignKey(Camera, on_delete=OnDelete.restrict, default=None, null=True)
    pulse_ms = Integer()
    timeout_s = Integer()
    waits_s = Integer()
    calls_after_s = Integer()
    call_email = Text()
    secret_version = Integer()
    enabled = Boolean(default=True)
    created_at = Timestamptz(default=None, null=False)


class BarrierCamera(Table, tablename="barrier_camera"):
    """A camera that sees the cars before a barrier. Unique by both."""

    id = Serial(primary_key=True)
    barrier = ForeignKey(Barrier, on_delete=OnDelete.cascade, null=False)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, index=True)


class BarrierOpening(Table, tablename="barrier_opening"):
    """One command to open. Unique by barrier and passage; triggers keep rows, and what became of them.

    ``uid`` is what the barrier knows it by. Sessions, passages and accounts have no foreign keys: rows outlive them.
    """

    id = BigSerial(primary_key=True)
    uid = Text(unique=True)
    barrier = ForeignKey(Barrier, on_delete=OnDelete.restrict, null=False)
    session = BigInt(default=None, null=True)
    passage = BigInt(default=None, null=True)
    cause = Text()
    account = Integer(default=None, null=True)
    reason = Text()
    asked_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False)
    sent_at = Timestamptz(default=None, null=True)
    attempts = Integer()
    acknowledged_at = Timestamptz(default=None, null=True)
    outcome = Text()
    told = Text()


class BarrierCall(Table, tablename="barrier_call"):
    """Somebody at a barrier needs a person. One at a time for each barrier is not resolved."""

    id = BigSerial(primary_key=True)
    barrier = ForeignKey(Barrier, on_delete=OnDelete.restrict, null=False)
    passage = BigInt(default=None, null=True)
    cause = Text()
    called_at = Timestamptz(default=None, null=False)
    taken_by = Integer(default=None, null=True)
    taken_at = Timestamptz(default=None, null=True)
    resolved_by = Integer(default=None, null=True)
    resolved_at = Timestamptz(default=None, null=True)
