"""What a receipt is of stands on it, and in the index by which a month of them is summed up."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder

ID = "2026-11-22T02:46:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "sums of receipts"

STATEMENTS = [
    "UPDATE receipt SET paid_cents = "
    "coalesce((SELECT payment.paid_cents FROM payment WHERE payment.quote = receipt.quote), 0)",
    "DROP INDEX receipt_lot_issued",
    'CREATE INDEX receipt_lot_issued ON receipt ("lot", "issued_at", "paid_cents")',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
