"""The classifier's last layer, fitted to lots."""

from piccolo.columns import JSON, Boolean, DoublePrecision, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class SpotHead(Table, tablename="spot_head"):
    """One fit. Unique by lot and version, and by lot, model and labels; at most one of a lot is active.

    All but ``active`` never changes. ``labels_sha256`` tells which labels it was fitted to.
    """

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    version = Integer()
    model_sha256 = Text()
    labels_sha256 = Text()
    weights = JSON()
    bias = DoublePrecision()
    temperature = DoublePrecision()
    labels = Integer()
    held_back = Integer()
    accuracy_before = DoublePrecision()
    accuracy_after = DoublePrecision()
    created_at = Timestamptz(default=None, null=False)
    active = Boolean(default=False)


class SpotHeadFit(Table, tablename="spot_head_fit"):
    """The last fit of a lot that was asked for in the background. Unique by lot.

    ``ended_at`` null: not done yet. ``error``: why it made no version, empty when it did.
    """

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, unique=True)
    asked_at = Timestamptz(default=None, null=False)
    ended_at = Timestamptz(default=None, null=True)
    error = Text()
