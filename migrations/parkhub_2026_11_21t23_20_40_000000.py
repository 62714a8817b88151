"""What a label's word may be, and labelled crops in the order they are looked through."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T23:20:40:000000"
VERSION = "1.38.0"
DESCRIPTION = "checks of words of labels"

INDEX = 'CREATE INDEX spot_label_lot_word_id ON spot_label ("lot", "word", "id")'
CONDITION = "{row}word IN ('said', 'proposed', 'unusable')"


def checks(engine_type):
    """SQLite adds no constraint to a table that exists, so there a trigger before each write says the same."""
    if engine_type == "sqlite":
        for event in ("INSERT", "UPDATE"):
            yield (
                f"CREATE TRIGGER spot_label_word_{event.lower()} BEFORE {event} ON spot_label "
                f"WHEN NOT ({CONDITION.format(row='NEW.')}) "
                "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: spot_label_word'); END"
            )
    else:
        yield f"ALTER TABLE spot_label ADD CONSTRAINT spot_label_word CHECK ({CONDITION.format(row='')})"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [INDEX, *checks(engine.engine_type)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
