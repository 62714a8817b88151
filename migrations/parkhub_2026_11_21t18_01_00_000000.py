"""Indexes and checks of payments: found by what the provider calls them, and by what is still to be done."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T18:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of payments"

INDEXES = [
    'CREATE INDEX quote_session ON quote ("session")',
    'CREATE UNIQUE INDEX payment_checkout_key ON payment ("checkout") WHERE "checkout" <> \'\'',
    'CREATE UNIQUE INDEX payment_intent_key ON payment ("intent") WHERE "intent" <> \'\'',
    'CREATE INDEX payment_open_expires ON payment ("expires_at") WHERE "state" = \'open\'',
    'CREATE INDEX payment_refund_payment ON payment_refund ("payment")',
    'CREATE INDEX payment_refund_asked ON payment_refund ("created_at") WHERE "state" = \'asked\'',
    'CREATE INDEX stripe_event_about ON stripe_event ("about")',
    'CREATE INDEX stripe_event_unfinished ON stripe_event ("next_at") '
    "WHERE \"status\" IN ('waiting', 'early', 'failed')",
]

# table, name, condition; {row} stands before each column
CHECKS = [
    ("quote", "amount", "{row}amount_cents > 0 AND {row}gross_cents = {row}net_cents + {row}tax_cents"),
    ("quote", "times", "{row}starts_at <= {row}ends_at"),
    ("payment", "state", "{row}state IN ('open', 'expired', 'processing', 'failed', 'paid')"),
    ("payment", "paid", "({row}state = 'paid') = ({row}paid_at IS NOT NULL)"),
    ("payment", "refunded", "{row}refunded_cents >= 0 AND {row}refunded_cents <= {row}paid_cents"),
    ("payment_refund", "state", "{row}state IN ('asked', 'done', 'refused') AND {row}amount_cents > 0"),
    ("stripe_event", "status", "{row}status IN ('waiting', 'early', 'failed', 'handled', 'ignored', 'unknown')"),
]


def checks(engine_type):
    """SQLite adds no constraint to a table that exists, so there a trigger before each write says the same."""
    for table, name, condition in CHECKS:
        if engine_type == "sqlite":
            for event in ("INSERT", "UPDATE"):
                yield (
                    f"CREATE TRIGGER {table}_{name}_{event.lower()} BEFORE {event} ON {table} "
                    f"WHEN NOT ({condition.format(row='NEW.')}) "
                    f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {table}_{name}'); END"
                )
        else:
            yield f"ALTER TABLE {table} ADD CONSTRAINT {table}_{name} CHECK ({condition.format(row='')})"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *checks(engine.engine_type)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
