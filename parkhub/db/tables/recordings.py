"""Recordings."""

from piccolo.columns import JSON, DoublePrecision, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.accounts import Account


class Recording(Table, tablename="recording"):
    """One analysis of a video; its files lie under ``folder`` in the picture store.

    ``attempts_before``: those made before somebody asked for it once more.
    """

    id = Serial(primary_key=True)
    title = Text()
    account = ForeignKey(Account, on_delete=OnDelete.restrict, null=False, index=True)
    engine = Text()
    status = Text()
    attempt = Integer()
    attempts_before = Integer()
    progress = DoublePrecision()
    folder = Text()
    created_at = Timestamptz(default=None, null=False)
    started_at = Timestamptz(default=None, null=True)
    alive_at = Timestamptz(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    error = Text()
    summary = JSON(default=None, null=True)
