"""Quotes keep the session they had; each is of a session or of a booking. Bookings are found by their address."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:34:20:000000"
VERSION = "1.38.0"
DESCRIPTION = "quotes of bookings"

STATEMENTS = [
    'UPDATE quote SET "session" = "session_was"',
    "DROP INDEX quote_session",
    'CREATE INDEX quote_session ON quote ("session")',
    'CREATE INDEX quote_booking ON quote ("booking") WHERE "booking" IS NOT NULL',
    'CREATE UNIQUE INDEX booking_public_id_key ON booking ("public_id") WHERE "public_id" <> \'\'',
    'CREATE INDEX booking_hold ON booking ("hold_until") WHERE "hold_until" IS NOT NULL AND "state" = \'reserved\'',
    'CREATE INDEX booking_ended ON booking ("ended_at") WHERE "ended_at" IS NOT NULL',
]
ONE_OF_BOTH = "({row}session IS NULL) <> ({row}booking IS NULL)"


def checks(engine_type):
    """SQLite adds no constraint to a table that exists, so there a trigger before each write says the same."""
    if engine_type != "sqlite":
        yield f"ALTER TABLE quote ADD CONSTRAINT quote_of CHECK ({ONE_OF_BOTH.format(row='')})"
        return
    for event in ("INSERT", "UPDATE"):
        yield (
            f"CREATE TRIGGER quote_of_{event.lower()} BEFORE {event} ON quote "
            f"WHEN NOT ({ONE_OF_BOTH.format(row='NEW.')}) "
            "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: quote_of'); END"
        )


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*STATEMENTS, *checks(engine.engine_type)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    manager.drop_column(
        table_class_name="Quote",
        tablename="quote",
        column_name="session_was",
        db_column_name="session_was",
        schema=None,
    )
    return manager
