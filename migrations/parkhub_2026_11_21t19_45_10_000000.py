"""Columns of parking that is paid ahead: until when a stay and its quote are paid, and what a lot's rules say of it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Boolean, Integer, Text, Timestamptz
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-21T19:45:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "pay ahead"

USUAL = {
    "primary_key": False,
    "unique": False,
    "index": False,
    "index_method": IndexMethod.btree,
    "choices": None,
    "db_column_name": None,
    "secret": False,
}
MOMENT_OR_NONE = {"default": None, "null": True}

COLUMNS = [
    ("ParkingSession", "parking_session", "paid_until", Timestamptz, MOMENT_OR_NONE),
    ("ParkingSession", "parking_session", "begun_by", Text, {"default": "", "null": False}),
    ("Quote", "quote", "paid_until", Timestamptz, MOMENT_OR_NONE),
    ("LotRules", "lot_rules", "paid_ahead", Boolean, {"default": False, "null": False}),
    ("LotRules", "lot_rules", "remind_minutes", Integer, {"default": 10, "null": False}),
    ("LotRules", "lot_rules", "small_dues", Text, {"default": "carried", "null": False}),
    ("LotRules", "lot_rules", "processing_leaves", Boolean, {"default": True, "null": False}),
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)
    for table, name, column, kind, given in COLUMNS:
        manager.add_column(
            table_class_name=table,
            tablename=name,
            column_name=column,
            db_column_name=column,
            column_class_name=kind.__name__,
            column_class=kind,
            params={**USUAL, **given},
            schema=None,
        )
    return manager
