"""Indexes and checks of labels and heads."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T14:52:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks of labels and heads"

INDEXES = [
    """CREATE UNIQUE INDEX spot_label_picture_key ON spot_label ("lot", "name", "picture_sha256") """
    """WHERE "picture_sha256" <> ''""",
    'CREATE INDEX spot_label_lot_id ON spot_label ("lot", "id")',
    """CREATE INDEX spot_label_waiting ON spot_label ("created_at") WHERE "crop" = 'waiting'""",
    'CREATE UNIQUE INDEX spot_head_lot_version_key ON spot_head ("lot", "version")',
    'CREATE UNIQUE INDEX spot_head_lot_labels_key ON spot_head ("lot", "model_sha256", "labels_sha256")',
    'CREATE UNIQUE INDEX spot_head_active_key ON spot_head ("lot") WHERE "active"',
]

STATES = "('free', 'occupied', 'unknown')"

# table, name, condition; {row} stands before each column
CHECKS = [
    ("spot_label", "states", "{row}before IN " + STATES + " AND ({row}said IS NULL OR {row}said IN " + STATES + ")"),
    ("spot_label", "confidence", "({row}said IS NULL) = ({row}confidence IS NULL)"),
    ("spot_label", "confidence_range", "{row}confidence IS NULL OR ({row}confidence >= 0 AND {row}confidence <= 1)"),
    ("spot_label", "crop", "{row}crop IN ('waiting', 'cut', 'none')"),
    ("spot_label", "crop_polygon", "({row}crop = 'cut') = ({row}crop_polygon IS NOT NULL)"),
    ("spot_head", "version", "{row}version >= 1"),
    ("spot_head", "temperature", "{row}temperature > 0"),
    ("spot_head", "counts", "{row}held_back >= 0 AND {row}held_back <= {row}labels"),
    ("spot_head", "accuracy", "{row}accuracy_before BETWEEN 0 AND 1 AND {row}accuracy_after BETWEEN 0 AND 1"),
    ("spot_change", "by_hand", "{row}account IS NULL OR {row}by_hand"),
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
