"""Indexes of spot versions; a spot's name is free again once the spot is retired."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:37:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of spot versions"

STATEMENTS = [
    "DROP INDEX spot_lot_name_key",
    'CREATE UNIQUE INDEX spot_lot_name_key ON spot ("lot", "name") WHERE "retired" IS FALSE',
    'CREATE UNIQUE INDEX spot_version_camera_number_key ON spot_version ("camera", "number")',
    'CREATE UNIQUE INDEX stand_day_camera_day_key ON stand_day ("camera", "day")',
    'CREATE INDEX spot_ask_created ON spot_ask ("created_at")',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
