"""Indexes and checks of what pictures are counted into."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T14:32:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of counts"

INDEXES = [
    'CREATE UNIQUE INDEX frame_count_frame_key ON frame_count ("frame")',
    'CREATE INDEX frame_count_camera_slot ON frame_count ("camera", "slot", "id")',
    'CREATE INDEX frame_count_lot_slot ON frame_count ("lot", "slot")',
]

# table, name, condition; {row} stands before each column
CHECKS = [
    ("frame_count", "spots", "{row}free >= 0 AND {row}occupied >= 0 AND {row}unknown >= 0"),
    ("frame_count", "vehicles", "{row}cars >= 0 AND {row}motorcycles >= 0 AND {row}buses >= 0 AND {row}trucks >= 0"),
    (
        "frame_count",
        "vehicles_together",
        "({row}cars IS NULL) = ({row}motorcycles IS NULL) AND ({row}cars IS NULL) = ({row}buses IS NULL) "
        "AND ({row}cars IS NULL) = ({row}trucks IS NULL)",
    ),
    ("spot_track", "vehicle", "{row}vehicle IN ('car', 'motorcycle', 'bus', 'truck')"),
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
