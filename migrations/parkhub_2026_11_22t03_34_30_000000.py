"""An index of the passages that turned out to have begun earlier, of which their sessions are still to hear."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder

ID = "2026-11-22T03:34:30:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of passages that began earlier"

INDEX = 'CREATE INDEX passage_seen_earlier ON passage ("id") WHERE "seen_earlier"'


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        await engine_finder().run_ddl(INDEX)

    manager.add_raw(run)
    return manager
