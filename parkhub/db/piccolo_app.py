"""ParkHub as Piccolo's migrations see it."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

import migrations
from parkhub.db.tables import TABLES

APP_CONFIG = AppConfig(
    app_name="parkhub",
    migrations_folder_path=str(Path(migrations.__file__).parent),
    table_classes=list(TABLES),
)
