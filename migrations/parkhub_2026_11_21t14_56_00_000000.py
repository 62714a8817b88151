"""Indexes and checks of troubles."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T14:56:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of troubles"

INDEXES = [
    'CREATE UNIQUE INDEX camera_trouble_open_key ON camera_trouble ("camera") WHERE "ended_at" IS NULL',
    'CREATE INDEX camera_trouble_camera_id ON camera_trouble ("camera", "id")',
]

TROUBLES = "('frozen', 'dark', 'blown', 'blocked', 'blurred', 'moved')"

# table, name, condition; {row} stands before each column
CHECKS = [
    ("camera_trouble", "trouble", "{row}trouble IN " + TROUBLES),
    ("camera_trouble", "times", "{row}began_at <= {row}ended_at"),
    ("camera_look", "trouble", "{row}trouble IN " + TROUBLES),
    ("camera_look", "suspect", "{row}suspect IN " + TROUBLES),
    ("camera_look", "trouble_since", "({row}trouble IS NULL) = ({row}trouble_since IS NULL)"),
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
