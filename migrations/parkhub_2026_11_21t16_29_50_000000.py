"""On SQLite, REPLACE deletes rows without asking the triggers that keep posted ones."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T16:29:50:000000"
VERSION = "1.38.0"
DESCRIPTION = "posted rows are not replaced either"

SAME = {
    "ledger_transaction": '"id" = NEW."id" OR "uid" = NEW."uid" OR ("lot" = NEW."lot" AND "sequence" = NEW."sequence")',
    "ledger_posting": '"id" = NEW."id" OR ("transaction" = NEW."transaction" AND "account" = NEW."account")',
}


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        if engine.engine_type == "sqlite":
            for table, same in SAME.items():
                there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608
                await engine.run_ddl(
                    f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} WHEN {there} "
                    "BEGIN SELECT RAISE(ABORT, 'posted rows are never changed'); END"
                )

    manager.add_raw(run)
    return manager
