"""A lot is somebody's once."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T20:44:40:000000"
VERSION = "1.38.0"
DESCRIPTION = "unique lots of accounts"

INDEXES = ['CREATE UNIQUE INDEX account_lot_key ON account_lot ("account", "lot")']


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
