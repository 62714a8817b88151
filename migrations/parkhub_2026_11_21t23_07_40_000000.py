"""Credit notes are numbered in each lot, and found by their receipt."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T23:07:40:000000"
VERSION = "1.38.0"
DESCRIPTION = "numbers of credit notes"

INDEXES = [
    'CREATE UNIQUE INDEX credit_note_lot_number_key ON credit_note ("lot", "number")',
    'CREATE INDEX credit_note_receipt ON credit_note ("receipt")',
    'CREATE INDEX credit_note_lot_issued ON credit_note ("lot", "issued_at")',
    'CREATE INDEX receipt_lot_issued ON receipt ("lot", "issued_at")',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
