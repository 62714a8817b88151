"""A passage begins at most one session and ends at most one."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T16:29:40:000000"
VERSION = "1.38.0"
DESCRIPTION = "passages of sessions are unique"

INDEXES = [
    f'CREATE UNIQUE INDEX parking_session_{end}_passage_key ON parking_session ("{end}_passage") '
    f'WHERE "state" <> \'cancelled\' AND "{end}_passage" IS NOT NULL'
    for end in ("entry", "exit")
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
