"""A month's places are found, counted once, and begin with what was counted by day."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder

ID = "2026-11-22T02:56:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sums of places by month"

INDEX = 'CREATE UNIQUE INDEX report_spot_month_key ON report_spot_month ("lot", "month", "spot")'
MONTH = {"sqlite": "substr(day, 1, 7) || '-01'", "postgres": "CAST(date_trunc('month', day) AS DATE)"}


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        await engine.run_ddl(INDEX)
        await engine.run_ddl(
            "INSERT INTO report_spot_month (lot, month, spot, days, arrivals, free_s, occupied_s, unknown_s) "  # noqa: S608
            f"SELECT lot, {MONTH[engine.engine_type]}, spot, count(*), sum(arrivals), sum(free_s), sum(occupied_s), "
            "sum(unknown_s) FROM report_spot GROUP BY 1, 2, 3"
        )

    manager.add_raw(run)
    return manager
