"""Indexes of retention: sessions that are over and still have a plate, passages by session, deletions by run."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T17:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of retention"

INDEXES = [
    'CREATE UNIQUE INDEX deletion_log_lot_kind_at_who_key ON deletion_log ("lot", "kind", "at", "who")',
    'CREATE INDEX parking_session_over_with_plate ON parking_session ("lot", "id") '
    "WHERE \"state\" <> 'open' AND \"plate\" <> ''",
    'CREATE INDEX passage_session ON passage ("session") WHERE "session" IS NOT NULL',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
