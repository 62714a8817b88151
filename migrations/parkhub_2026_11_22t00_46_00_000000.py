"""What became of the files of a watched folder is found by their names."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T00:46:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of watched files by name"

INDEX = 'CREATE INDEX watched_file_folder_name ON watched_file ("folder", "name")'


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        await engine_finder().run_ddl(INDEX)

    manager.add_raw(run)
    return manager
