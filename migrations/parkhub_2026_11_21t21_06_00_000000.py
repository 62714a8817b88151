"""What the clock asks every few seconds is found without reading whole tables."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T21:06:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of calls by car and of charges by state"

INDEXES = [
    "DROP INDEX barrier_call_barrier",
    'CREATE INDEX barrier_call_passage ON barrier_call ("barrier", "passage") WHERE "passage" IS NOT NULL',
    'CREATE INDEX barrier_call_resolved ON barrier_call ("resolved_at") WHERE "resolved_at" IS NOT NULL',
    "DROP INDEX card_charge_unfinished",
    'CREATE INDEX card_charge_unfinished ON card_charge ("state", "next_at") WHERE "state" <> \'ended\'',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
