"""Barriers: one opening per barrier and passage, whoever asks and however often; what became of one is for good."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:42:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "openings are once and for good"

INDEXES = [
    'CREATE UNIQUE INDEX barrier_camera_key ON barrier_camera ("barrier", "camera")',
    'CREATE INDEX barrier_lot ON barrier ("lot", "id")',
    'CREATE UNIQUE INDEX barrier_opening_passage_key ON barrier_opening ("barrier", "passage") '
    'WHERE "passage" IS NOT NULL',
    'CREATE INDEX barrier_opening_barrier ON barrier_opening ("barrier", "id")',
    'CREATE INDEX barrier_opening_waiting ON barrier_opening ("expires_at") WHERE "outcome" = \'\'',
    'CREATE INDEX barrier_opening_session ON barrier_opening ("session") WHERE "session" IS NOT NULL',
    'CREATE UNIQUE INDEX barrier_call_open_key ON barrier_call ("barrier") WHERE "resolved_at" IS NULL',
    'CREATE INDEX barrier_call_barrier ON barrier_call ("barrier", "id")',
]

CHANGED = "OLD.outcome <> '' AND NEW.outcome <> OLD.outcome"

SQLITE = [
    "CREATE TRIGGER barrier_opening_kept BEFORE DELETE ON barrier_opening "
    "BEGIN SELECT RAISE(ABORT, 'openings are never deleted'); END",
    f"CREATE TRIGGER barrier_opening_final BEFORE UPDATE ON barrier_opening WHEN {CHANGED} "
    "BEGIN SELECT RAISE(ABORT, 'what became of an opening is never changed'); END",
]

POSTGRESQL = [
    "CREATE FUNCTION barrier_opening_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'openings are never deleted' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE FUNCTION barrier_opening_is_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'what became of an opening is never changed' "
    "USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER barrier_opening_kept BEFORE DELETE ON barrier_opening "
    "FOR EACH ROW EXECUTE FUNCTION barrier_opening_is_kept()",
    "CREATE TRIGGER barrier_opening_final BEFORE UPDATE ON barrier_opening "
    f"FOR EACH ROW WHEN ({CHANGED}) EXECUTE FUNCTION barrier_opening_is_final()",
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *(SQLITE if engine.engine_type == "sqlite" else POSTGRESQL)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
