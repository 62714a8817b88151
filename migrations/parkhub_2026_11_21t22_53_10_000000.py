"""One row of an hour and of a version; a camera's commands are found without reading them all."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T22:53:10:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes of nodes"

INDEXES = [
    'CREATE UNIQUE INDEX node_hour_camera ON node_hour ("camera", "hour")',
    'CREATE UNIQUE INDEX node_configuration_camera ON node_configuration ("camera", "version")',
    'CREATE INDEX node_command_camera ON node_command ("camera", "id")',
    'CREATE INDEX node_command_asked ON node_command ("asked_at")',
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in INDEXES:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
