"""A day's places are found, and counted once."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T00:18:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of places in reports"

INDEX = 'CREATE UNIQUE INDEX report_spot_day ON report_spot ("lot", "day", "spot")'


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        await engine_finder().run_ddl(INDEX)

    manager.add_raw(run)
    return manager
