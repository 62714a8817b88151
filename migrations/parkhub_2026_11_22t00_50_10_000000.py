"""Labels that nobody has judged are known to come from saved pictures."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T00:50:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "origin of labels that are there"

KNOWN = "UPDATE spot_label SET origin = 'proposed' WHERE word = 'proposed'"
CONDITION = "{row}origin IN ('said', 'proposed', 'corrected')"


def checks(engine_type):
    """SQLite adds no constraint to a table that exists, so there a trigger before each write says the same."""
    if engine_type == "sqlite":
        for event in ("INSERT", "UPDATE"):
            yield (
                f"CREATE TRIGGER spot_label_origin_{event.lower()} BEFORE {event} ON spot_label "
                f"WHEN NOT ({CONDITION.format(row='NEW.')}) "
                "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: spot_label_origin'); END"
            )
    else:
        yield f"ALTER TABLE spot_label ADD CONSTRAINT spot_label_origin CHECK ({CONDITION.format(row='')})"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [KNOWN, *checks(engine.engine_type)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
