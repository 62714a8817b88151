"""Indexes and checks of drivers' accounts: one holder of a plate, one question about it by whoever asks."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T19:50:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of drivers' accounts"

INDEXES = [
    'CREATE UNIQUE INDEX driver_vehicle_holder_key ON driver_vehicle ("plate") WHERE "released_at" IS NULL',
    'CREATE INDEX driver_vehicle_driver ON driver_vehicle ("driver")',
    'CREATE UNIQUE INDEX driver_claim_open_key ON driver_claim ("driver", "plate") WHERE "decided_at" IS NULL',
    'CREATE INDEX driver_claim_plate ON driver_claim ("plate") WHERE "decided_at" IS NULL',
    'CREATE UNIQUE INDEX driver_stay_key ON driver_stay ("driver", "session")',
    'CREATE INDEX driver_link_email ON driver_link ("email")',
    'CREATE INDEX quote_email ON quote (lower("email")) WHERE "email" <> \'\'',
]

# table, name, condition; {row} stands before each column
CHECKS = [
    ("driver_vehicle", "proof", "{row}proven_by IN ('ticket', 'receipt', 'staff') AND {row}plate <> ''"),
    ("driver_claim", "decision", "({row}decided_at IS NULL) = ({row}decision = '')"),
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
