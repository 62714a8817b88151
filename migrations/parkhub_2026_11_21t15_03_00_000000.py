"""Indexes of the ledger, and triggers that keep what was posted from ever being changed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T15:03:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and triggers of the ledger"

INDEXES = [
    'CREATE UNIQUE INDEX ledger_transaction_lot_sequence_key ON ledger_transaction ("lot", "sequence")',
    'CREATE INDEX ledger_transaction_lot_at ON ledger_transaction ("lot", "at")',
    'CREATE UNIQUE INDEX ledger_posting_transaction_account_key ON ledger_posting ("transaction", "account")',
    'CREATE UNIQUE INDEX ledger_balance_lot_currency_account_key ON ledger_balance ("lot", "currency", "account")',
]

POSTED = ("ledger_transaction", "ledger_posting")

POSTGRESQL = [
    "CREATE FUNCTION refuse_change_of_posted_rows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'posted rows are never changed' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    *(
        f"CREATE TRIGGER {table}_is_for_good BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_posted_rows()"
        for table in POSTED
    ),
    *(
        f"CREATE TRIGGER {table}_stays BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_posted_rows()"
        for table in POSTED
    ),
    "ALTER TABLE ledger_posting ADD CONSTRAINT ledger_posting_amount CHECK (amount_cents <> 0)",
]

SQLITE = [
    *(
        f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'posted rows are never changed'); END"
        for table in POSTED
        for event in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER ledger_posting_amount_insert BEFORE INSERT ON ledger_posting WHEN NEW.amount_cents = 0 "
    "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: ledger_posting_amount'); END",
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *(SQLITE if engine.engine_type == "sqlite" else POSTGRESQL)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
