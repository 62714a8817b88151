"""What every session owes by its postings, and the indexes by which staff leaf through a million sessions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T20:48:20:000000"
VERSION = "1.38.0"
DESCRIPTION = "sums of what sessions owe, and indexes for their list"

STATEMENTS = [
    "UPDATE parking_session SET owed_cents = COALESCE((SELECT CAST(sum(amount_cents) AS BIGINT) "
    'FROM ledger_posting JOIN ledger_transaction ON ledger_transaction.id = ledger_posting."transaction" '
    "WHERE ledger_transaction.session = parking_session.id AND account = 'receivable'), 0) "
    "WHERE id IN (SELECT session FROM ledger_transaction)",
    'CREATE INDEX parking_session_entered ON parking_session ("entered_at")',
    'CREATE INDEX parking_session_lot_owed ON parking_session ("lot", "entered_at") WHERE "owed_cents" > 0',
    'CREATE INDEX parking_session_lot_cancelled ON parking_session ("lot", "entered_at") WHERE "state" = \'cancelled\'',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
