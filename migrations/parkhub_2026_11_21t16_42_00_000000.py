"""Indexes and checks of passages: a read is kept once, passages are found by camera and time, plate, and state."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T16:42:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of passages"

INDEXES = [
    'CREATE UNIQUE INDEX plate_read_frame_number_key ON plate_read ("frame", "number")',
    'CREATE INDEX passage_camera_last ON passage ("camera", "last_at")',
    'CREATE INDEX passage_lot_last ON passage ("lot", "last_at")',
    'CREATE INDEX passage_folded_last ON passage ("folded", "last_at") WHERE "folded" <> \'\'',
    'CREATE INDEX passage_frame ON passage ("frame") WHERE "frame" IS NOT NULL',
    'CREATE INDEX passage_open ON passage ("camera", "last_at") WHERE "state" = \'open\'',
    'CREATE INDEX passage_without_outcome ON passage ("id") WHERE "state" = \'accepted\' AND "outcome" = \'\'',
]

# table, name, condition; {row} stands before each column
CHECKS = [
    ("camera", "role", "{row}role IN ('overview', 'entrance', 'exit', 'both')"),
    ("camera", "inward", "{row}inward IN ('down', 'up', 'left', 'right')"),
    ("camera", "reads_min", "{row}reads_min >= 1"),
    ("passage", "state", "{row}state IN ('open', 'accepted', 'rejected')"),
    ("passage", "direction", "{row}direction IN ('', 'entry', 'exit')"),
    ("passage", "times", "{row}first_at <= {row}last_at"),
    ("passage", "decided", "({row}state = 'open') = ({row}decided_at IS NULL)"),
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
