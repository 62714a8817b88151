"""Indexes of sessions: at most one open by lot and plate, and look-ups by plate, time and kind of question."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T16:29:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of sessions"

INDEXES = [
    'CREATE UNIQUE INDEX tariff_version_lot_kind_from_key ON tariff_version ("lot", "kind", "valid_from")',
    'CREATE UNIQUE INDEX parking_session_open_plate_key ON parking_session ("lot", "plate") '
    "WHERE \"state\" = 'open' AND \"plate\" <> ''",
    'CREATE INDEX parking_session_open_folded ON parking_session ("lot", "folded") WHERE "state" = \'open\'',
    'CREATE INDEX parking_session_open_entered ON parking_session ("entered_at") WHERE "state" = \'open\'',
    'CREATE INDEX parking_session_folded_entered ON parking_session ("folded", "entered_at")',
    'CREATE INDEX parking_session_lot_entered ON parking_session ("lot", "entered_at")',
    'CREATE INDEX parking_session_lot_exited ON parking_session ("lot", "exited_at")',
    'CREATE INDEX parking_session_permit ON parking_session ("permit") '
    'WHERE "state" = \'open\' AND "permit" IS NOT NULL',
    'CREATE UNIQUE INDEX discount_code_lot_code_key ON discount_code ("lot", "code")',
    'CREATE UNIQUE INDEX session_code_session_code_key ON session_code ("session", "code")',
    'CREATE UNIQUE INDEX review_passage_kind_key ON review ("passage", "kind") WHERE "passage" IS NOT NULL',
    'CREATE INDEX review_lot_open ON review ("lot", "created_at") WHERE "decided_at" IS NULL',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
