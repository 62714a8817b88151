from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import BigInt, Integer, Timestamptz
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-21T20:48:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "what a session owes, and who answers a question"

USUAL = {
    "primary_key": False,
    "unique": False,
    "index": False,
    "index_method": IndexMethod.btree,
    "choices": None,
    "db_column_name": None,
    "secret": False,
}


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    manager.add_column(
        table_class_name="ParkingSession",
        tablename="parking_session",
        column_name="owed_cents",
        db_column_name="owed_cents",
        column_class_name="BigInt",
        column_class=BigInt,
        params={"default": 0, "null": False, **USUAL},
        schema=None,
    )

    manager.add_column(
        table_class_name="Review",
        tablename="review",
        column_name="held_by",
        db_column_name="held_by",
        column_class_name="Integer",
        column_class=Integer,
        params={"default": None, "null": True, **USUAL},
        schema=None,
    )

    manager.add_column(
        table_class_name="Review",
        tablename="review",
        column_name="held_until",
        db_column_name="held_until",
        column_class_name="Timestamptz",
        column_class=Timestamptz,
        params={"default": None, "null": True, **USUAL},
        schema=None,
    )

    return manager
