"""Columns of a lot's opening times and its place."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import DoublePrecision, Text
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-21T19:52:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "opening times"

USUAL = {
    "primary_key": False,
    "unique": False,
    "index": False,
    "index_method": IndexMethod.btree,
    "choices": None,
    "db_column_name": None,
    "secret": False,
}
COLUMNS = [
    ("opening_hours", Text, {"default": "", "null": False}),
    ("country", Text, {"default": "", "null": False}),
    ("latitude", DoublePrecision, {"default": None, "null": True}),
    ("longitude", DoublePrecision, {"default": None, "null": True}),
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)
    for column, kind, given in COLUMNS:
        manager.add_column(
            table_class_name="Lot",
            tablename="lot",
            column_name=column,
            db_column_name=column,
            column_class_name=kind.__name__,
            column_class=kind,
            params={**USUAL, **given},
            schema=None,
        )
    return manager
