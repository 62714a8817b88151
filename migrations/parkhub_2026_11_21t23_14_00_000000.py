"""The ledger, looked through by the kind of its transactions."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T23:14:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of the ledger's kinds"

INDEX = 'CREATE INDEX ledger_transaction_lot_kind_at ON ledger_transaction ("lot", "kind", "at")'


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        await engine.run_ddl(INDEX)

    manager.add_raw(run)
    return manager
