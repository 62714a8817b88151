from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Text
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-22T00:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "where labels come from"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    manager.add_column(
        table_class_name="SpotLabel",
        tablename="spot_label",
        column_name="origin",
        db_column_name="origin",
        column_class_name="Text",
        column_class=Text,
        params={
            "default": "said",
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
