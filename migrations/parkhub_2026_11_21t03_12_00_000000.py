"""The picture a camera's spots were marked on; 0 x 0 for what was marked before this was kept."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Integer
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-21T03:12:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "size of the picture the spots were marked on"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    for column in ("marked_width", "marked_height"):
        manager.add_column(
            table_class_name="Camera",
            tablename="camera",
            column_name=column,
            db_column_name=column,
            column_class_name="Integer",
            column_class=Integer,
            params={
                "default": 0,
                "null": False,
                "primary_key": False,
                "unique": False,
                "index": False,
                "index_method": IndexMethod.btree,
                "choices": None,
                "db_column_name": None,
                "secret": False,
            },
            schema=None,
        )

    return manager
