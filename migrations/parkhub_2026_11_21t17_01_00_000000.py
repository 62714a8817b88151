"""Indexes of permits and of the lists of plates."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T17:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of permits and lists"

INDEXES = [
    'CREATE UNIQUE INDEX permit_lot_permit_lot_key ON permit_lot ("permit", "lot")',
    'CREATE UNIQUE INDEX permit_lot_lot_external_id_key ON permit_lot ("lot", "external_id") '
    "WHERE \"external_id\" <> ''",
    'CREATE UNIQUE INDEX permit_plate_permit_plate_key ON permit_plate ("permit", "plate")',
    'CREATE UNIQUE INDEX listed_plate_list_lot_plate_key ON listed_plate ("list", "lot", "plate") '
    'WHERE "lot" IS NOT NULL',
    'CREATE UNIQUE INDEX listed_plate_list_plate_key ON listed_plate ("list", "plate") WHERE "lot" IS NULL',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
