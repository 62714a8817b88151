"""Checks of what one camera knows of a place that several see: the same as of what is known of any spot."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T22:53:20:000000"
VERSION = "1.38.0"
DESCRIPTION = "checks of views of places"

# table, name, condition; {row} stands before each column
CHECKS = [
    ("spot_view", "state", "{row}state IN ('free', 'occupied', 'unknown')"),
    ("spot_view", "confidence", "{row}confidence >= 0 AND {row}confidence <= 1"),
    ("spot_view", "vehicle", "{row}vehicle IS NULL OR {row}vehicle IN ('car', 'motorcycle', 'bus', 'truck')"),
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
        for statement in checks(engine.engine_type):
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
