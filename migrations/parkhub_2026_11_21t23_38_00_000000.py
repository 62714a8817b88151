"""The live view finds who went out last without sorting a day."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T23:38:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of sessions by their exit"

INDEX = 'CREATE INDEX parking_session_exited ON parking_session ("exited_at") WHERE "exited_at" IS NOT NULL'


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        await engine_finder().run_ddl(INDEX)

    manager.add_raw(run)
    return manager
