"""Indexes of the audit log, and triggers that keep what was noted from ever being changed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T16:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and triggers of the audit log"

INDEXES = [
    'CREATE UNIQUE INDEX audit_entry_undoes_key ON audit_entry ("undoes") WHERE "undoes" IS NOT NULL',
    'CREATE INDEX audit_entry_lot_id ON audit_entry ("lot", "id")',
    'CREATE INDEX audit_entry_subject_id ON audit_entry ("subject", "id")',
    'CREATE INDEX audit_entry_account_id ON audit_entry ("account", "id")',
    'CREATE INDEX audit_entry_at ON audit_entry ("at")',
]

POSTGRESQL = [
    "CREATE FUNCTION refuse_change_of_noted_rows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'noted rows are never changed' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER audit_entry_is_for_good BEFORE UPDATE OR DELETE ON audit_entry "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_noted_rows()",
    "CREATE TRIGGER audit_entry_stays BEFORE TRUNCATE ON audit_entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_noted_rows()",
    "CREATE TRIGGER audit_plate_is_not_changed BEFORE UPDATE ON audit_plate "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_noted_rows()",
]

REFUSED = "BEGIN SELECT RAISE(ABORT, 'noted rows are never changed'); END"

SQLITE = [
    *(
        f"CREATE TRIGGER audit_entry_refuses_{event.lower()} BEFORE {event} ON audit_entry {REFUSED}"
        for event in ("UPDATE", "DELETE")
    ),
    # REPLACE deletes without asking the trigger above.
    "CREATE TRIGGER audit_entry_refuses_replace BEFORE INSERT ON audit_entry "
    'WHEN EXISTS (SELECT 1 FROM audit_entry WHERE "id" = NEW."id" OR "undoes" = NEW."undoes") '
    "BEGIN SELECT RAISE(ABORT, 'noted rows are never changed'); END",
    f"CREATE TRIGGER audit_plate_refuses_update BEFORE UPDATE ON audit_plate {REFUSED}",
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *(SQLITE if engine.engine_type == "sqlite" else POSTGRESQL)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
