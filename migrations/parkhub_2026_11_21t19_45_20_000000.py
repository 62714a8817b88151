"""Indexes of parking that is paid ahead: what ends next, and what was begun and never paid."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:45:20:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of pay ahead"

INDEXES = [
    'CREATE INDEX parking_session_open_paid_until ON parking_session ("paid_until") '
    'WHERE "state" = \'open\' AND "paid_until" IS NOT NULL',
    'CREATE INDEX parking_session_begun ON parking_session ("entered_at") WHERE "state" = \'begun\'',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
