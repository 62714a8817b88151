"""Compound unique indexes, look-up indexes and checks, which Piccolo cannot write for both engines."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T01:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and checks"

INDEXES = [
    'CREATE UNIQUE INDEX account_email_key ON account (lower("email"))',
    'CREATE UNIQUE INDEX occupancy_sample_lot_at_key ON occupancy_sample ("lot", "at")',
    'CREATE UNIQUE INDEX spot_lot_name_key ON spot ("lot", "name")',
    'CREATE INDEX spot_camera_position ON spot ("camera", "position")',
    'CREATE UNIQUE INDEX frame_camera_sequence_key ON frame ("camera", "sequence")',
    'CREATE INDEX frame_camera_captured_at ON frame ("camera", "captured_at")',
    'CREATE INDEX frame_status_received_at ON frame ("status", "received_at")',
    'CREATE INDEX frame_received_at ON frame ("received_at")',
    'CREATE INDEX spot_change_spot_at ON spot_change ("spot", "at")',
    'CREATE INDEX spot_change_lot_id ON spot_change ("lot", "id")',
    'CREATE INDEX recording_status_alive_at ON recording ("status", "alive_at")',
    'CREATE INDEX spot_import_camera_id ON spot_import ("camera", "id")',
]

STATES = "('free', 'occupied', 'unknown')"

# table, name, condition; {row} stands before each column
CHECKS = [
    ("lot", "plan_positive", "{row}plan_width > 0 AND {row}plan_height > 0"),
    ("occupancy_sample", "counts", "{row}free >= 0 AND {row}occupied >= 0 AND {row}unknown >= 0"),
    ("camera", "debounce", "{row}debounce_agree >= 1 AND {row}debounce_agree <= {row}debounce_window"),
    ("camera", "debounce_majority", "2 * {row}debounce_agree > {row}debounce_window"),
    ("camera", "stale_after_s", "{row}stale_after_s > 0"),
    ("frame", "sizes", "{row}sequence >= 0 AND {row}byte_count > 0 AND {row}width > 0 AND {row}height > 0"),
    ("frame", "status", "{row}status IN ('stored', 'read', 'late', 'failed')"),
    ("spot", "position", "{row}position >= 0"),
    ("spot_track", "state", "{row}state IN " + STATES),
    ("spot_track", "confidence", "{row}confidence >= 0 AND {row}confidence <= 1"),
    ("spot_change", "states", "{row}before IN " + STATES + " AND {row}after IN " + STATES),
    ("spot_change", "moves", "{row}before <> {row}after"),
    ("spot_change", "confidence", "{row}confidence >= 0 AND {row}confidence <= 1"),
    ("recording", "progress", "{row}progress >= 0 AND {row}progress <= 1"),
    ("recording", "status", "{row}status IN ('waiting', 'running', 'done', 'cancelled', 'failed')"),
    ("spot_import", "status", "{row}status IN ('waiting', 'done', 'failed')"),
    ("spot_import", "spot_count", "{row}spot_count >= 0"),
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
