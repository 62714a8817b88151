"""Receipts are numbered in each lot, and those of payments before keep their addresses."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:36:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "numbers of receipts"

STATEMENTS = [
    'CREATE UNIQUE INDEX receipt_lot_number_key ON receipt ("lot", "number")',
    "INSERT INTO receipt "
    "(public_id, quote, lot, number, operator_name, operator_address, operator_tax_number, issued_at) "
    "SELECT quote.public_id, quote.id, quote.lot, "
    "row_number() OVER (PARTITION BY quote.lot ORDER BY payment.paid_at, payment.id), '', '', '', payment.paid_at "
    "FROM quote JOIN payment ON payment.quote = quote.id WHERE payment.state = 'paid'",
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
