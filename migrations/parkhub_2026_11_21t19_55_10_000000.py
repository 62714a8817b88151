"""Indexes and checks of saved cards: found by the provider's names, and by what is still to be done."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:55:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of saved cards"

INDEXES = [
    'CREATE UNIQUE INDEX driver_card_customer_key ON driver_card ("customer")',
    'CREATE UNIQUE INDEX driver_card_method_key ON driver_card ("method") WHERE "method" <> \'\'',
    'CREATE INDEX driver_card_automatic ON driver_card ("driver") WHERE "automatic"',
    'CREATE INDEX card_charge_driver ON card_charge ("driver")',
    'CREATE INDEX card_charge_payment ON card_charge ("payment")',
    'CREATE INDEX card_charge_unfinished ON card_charge ("next_at") WHERE "state" <> \'ended\'',
    'CREATE INDEX card_farewell_next ON card_farewell ("next_at")',
]

# table, name, condition; {row} stands before each column
CHECKS = [
    ("driver_card", "cap", "{row}cap_cents >= 0 AND ({row}cap_cents > 0 OR NOT {row}automatic)"),
    ("driver_card", "consent", "NOT {row}automatic OR ({row}automatic_at IS NOT NULL AND {row}method <> '')"),
    ("card_charge", "state", "{row}state IN ('asked', 'told', 'ended')"),
    ("card_charge", "outcome", "({row}state = 'ended') = ({row}outcome <> '')"),
    ("card_charge", "payment", "{row}state = 'ended' OR {row}payment IS NOT NULL"),
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
