"""Plates can be searched by a part of them, look-alikes made equal: three letters in a row are looked up in an index.

On PostgreSQL it is the extension pg_trgm, which comes with it and which a database's owner may create. Where it cannot
be had, the search works as well and takes longer.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T16:29:30:000000"
VERSION = "1.38.0"
DESCRIPTION = "search by a part of a plate"

POSTGRESQL = [
    "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; "
    "CREATE INDEX parking_session_folded_parts ON parking_session USING gin (folded gin_trgm_ops); "
    "EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN "
    "RAISE NOTICE 'pg_trgm is not there: searching by a part of a plate will be slow'; END $$",
]

SQLITE = [
    "CREATE VIRTUAL TABLE parking_session_parts USING fts5("
    "folded, content='parking_session', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER parking_session_parts_insert AFTER INSERT ON parking_session WHEN NEW.folded <> '' "
    "BEGIN INSERT INTO parking_session_parts (rowid, folded) VALUES (NEW.id, NEW.folded); END",
    "CREATE TRIGGER parking_session_parts_delete AFTER DELETE ON parking_session WHEN OLD.folded <> '' "
    "BEGIN INSERT INTO parking_session_parts (parking_session_parts, rowid, folded) "
    "VALUES ('delete', OLD.id, OLD.folded); END",
    "CREATE TRIGGER parking_session_parts_leave AFTER UPDATE OF folded ON parking_session "
    "WHEN OLD.folded <> NEW.folded AND OLD.folded <> '' "
    "BEGIN INSERT INTO parking_session_parts (parking_session_parts, rowid, folded) "
    "VALUES ('delete', OLD.id, OLD.folded); END",
    "CREATE TRIGGER parking_session_parts_take AFTER UPDATE OF folded ON parking_session "
    "WHEN OLD.folded <> NEW.folded AND NEW.folded <> '' "
    "BEGIN INSERT INTO parking_session_parts (rowid, folded) VALUES (NEW.id, NEW.folded); END",
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in SQLITE if engine.engine_type == "sqlite" else POSTGRESQL:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
