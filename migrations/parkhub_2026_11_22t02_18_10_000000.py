from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder

ID = "2026-11-22T02:18:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "what may become of a refund"

STATE = "{row}state IN ('asked', 'done', 'refused', 'failed') AND {row}amount_cents > 0"
NAME = "payment_refund_state"


def statements(engine_type):
    """SQLite has triggers in the place of constraints."""
    if engine_type == "sqlite":
        for event in ("INSERT", "UPDATE"):
            yield f"DROP TRIGGER {NAME}_{event.lower()}"
            yield (
                f"CREATE TRIGGER {NAME}_{event.lower()} BEFORE {event} ON payment_refund "
                f"WHEN NOT ({STATE.format(row='NEW.')}) "
                f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {NAME}'); END"
            )
    else:
        yield f"ALTER TABLE payment_refund DROP CONSTRAINT {NAME}"
        yield f"ALTER TABLE payment_refund ADD CONSTRAINT {NAME} CHECK ({STATE.format(row='')})"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in statements(engine.engine_type):
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
