"""Pictures of a camera with a time of its own are found once that is over."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-22T00:45:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "index of a camera's frames by when they came"

INDEX = 'CREATE INDEX frame_camera_received_at ON frame ("camera", "received_at", "id")'


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        await engine_finder().run_ddl(INDEX)

    manager.add_raw(run)
    return manager
