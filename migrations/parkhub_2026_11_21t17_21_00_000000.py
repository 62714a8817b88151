"""No double booking: two bookings that hold a place never overlap in the time they hold it, whoever writes them.

On PostgreSQL numbers are compared as ranges of one, so that no extension is needed.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T17:21:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "no double booking"

HOLDS = "('reserved', 'arrived')"

INDEXES = [
    'CREATE UNIQUE INDEX bookable_place_lot_number_key ON bookable_place ("lot", "number")',
    'CREATE UNIQUE INDEX bookable_place_lot_spot_key ON bookable_place ("lot", "spot") WHERE "spot" <> \'\'',
    'CREATE INDEX booking_lot_folded_ends ON booking ("lot", "folded", "ends_at")',
    'CREATE INDEX booking_lot_starts ON booking ("lot", "starts_at")',
    'CREATE INDEX booking_reserved_starts ON booking ("starts_at") WHERE "state" = \'reserved\'',
    f'CREATE INDEX booking_holding ON booking ("lot", "place", "held_from") WHERE "state" IN {HOLDS}',
]

POSTGRESQL = [
    "ALTER TABLE booking ADD CONSTRAINT booking_times CHECK (starts_at < ends_at AND held_from < held_until)",
    "ALTER TABLE booking ADD CONSTRAINT booking_no_two_at_once EXCLUDE USING gist ("
    "int4range(lot, lot, '[]') WITH &&, int4range(place, place, '[]') WITH &&, "
    f"tstzrange(held_from, held_until) WITH &&) WHERE (state IN {HOLDS})",
]

_TIMES = "NEW.starts_at >= NEW.ends_at OR NEW.held_from >= NEW.held_until"
_HELD = f"state IN {HOLDS} AND held_from < NEW.held_until AND held_until > NEW.held_from AND id IS NOT NEW.id"
_OTHER = f"SELECT 1 FROM booking WHERE lot = NEW.lot AND place = NEW.place AND {_HELD}"  # noqa: S608  (constants)
_TAKEN = f"NEW.state IN {HOLDS} AND EXISTS ({_OTHER})"

SQLITE = [
    *(
        f"CREATE TRIGGER booking_{name}_{event.split()[0].lower()} BEFORE {event} ON booking WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for event in ("INSERT", "UPDATE")
        for name, condition, words in (
            ("times", _TIMES, "CHECK constraint failed: booking_times"),
            ("no_two_at_once", _TAKEN, "the place is booked for this time"),
        )
    ),
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *(SQLITE if engine.engine_type == "sqlite" else POSTGRESQL)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
