"""Indexes and checks of letters: found by when they are due, and forgotten when they have ended."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:33:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of letters"

INDEXES = [
    'CREATE INDEX letter_due ON letter ("next_at", "id") WHERE "state" = \'waiting\'',
    'CREATE INDEX letter_ended ON letter ("ended_at") WHERE "ended_at" IS NOT NULL',
    'CREATE INDEX letter_waiting_address ON letter ("address") WHERE "state" = \'waiting\'',
]

# name, condition; {row} stands before each column
CHECKS = [
    ("state", "{row}state IN ('waiting', 'sent', 'refused', 'given_up')"),
    ("ended", "({row}state = 'waiting') = ({row}ended_at IS NULL)"),
    ("wiped", "{row}state = 'waiting' OR ({row}address = '' AND {row}facts = '')"),
]


def checks(engine_type):
    """SQLite adds no constraint to a table that exists, so there a trigger before each write says the same."""
    for name, condition in CHECKS:
        if engine_type == "sqlite":
            for event in ("INSERT", "UPDATE"):
                yield (
                    f"CREATE TRIGGER letter_{name}_{event.lower()} BEFORE {event} ON letter "
                    f"WHEN NOT ({condition.format(row='NEW.')}) "
                    f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: letter_{name}'); END"
                )
        else:
            yield f"ALTER TABLE letter ADD CONSTRAINT letter_{name} CHECK ({condition.format(row='')})"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *checks(engine.engine_type)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
