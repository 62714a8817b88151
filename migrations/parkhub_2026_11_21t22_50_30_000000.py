"""A file is known by its bytes once in its folder; what waits is found without reading whole tables."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T22:50:30:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of watched files and of pictures by hand"

INDEXES = [
    'CREATE UNIQUE INDEX watched_file_bytes ON watched_file ("folder", "sha256")',
    'CREATE INDEX watched_file_at ON watched_file ("folder", "at")',
    "CREATE INDEX uploaded_picture_unfinished ON uploaded_picture (\"upload\") WHERE \"status\" IN ('waiting', 'running')",
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
