"""Indexes of reports; rows that are for good; and triggers that note which days of a lot must be summed anew."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T20:46:20:000000"
VERSION = "1.38.0"
DESCRIPTION = "indexes and triggers of reports"

INDEXES = [
    'CREATE UNIQUE INDEX report_hour_lot_at_key ON report_hour ("lot", "at")',
    'CREATE INDEX report_hour_lot_day ON report_hour ("lot", "day")',
    'CREATE UNIQUE INDEX report_fact_key ON report_fact ("lot", "day", "measure", "label", "unit")',
    'CREATE UNIQUE INDEX report_part_key ON report_part ("lot", "day", "part")',
    'CREATE INDEX report_stale_lot_id ON report_stale ("lot", "id")',
    'CREATE INDEX charge_line_session ON charge_line ("session")',
    'CREATE INDEX charge_line_lot_at ON charge_line ("lot", "at")',
    'CREATE UNIQUE INDEX day_close_key ON day_close ("lot", "day")',
    'CREATE UNIQUE INDEX report_reader_key ON report_reader ("lot", "account")',
]

# (table, event, columns, condition, (instant, part), …): each instant that was or is part of a day's sums.
STAYS = ["entered_at", "exited_at", "state", "ending", "kind", "right", "permit"]
NOTED = [
    ("parking_session", "INSERT", (), "NEW", (("entered_at", "stays"), ("exited_at", "stays"))),
    ("parking_session", "UPDATE", STAYS, "NEW", (("entered_at", "stays"), ("exited_at", "stays"))),
    ("parking_session", "UPDATE", STAYS, "OLD", (("entered_at", "stays"), ("exited_at", "stays"))),
    ("ledger_transaction", "INSERT", (), "NEW", (("at", "money"),)),
    ("charge_line", "INSERT", (), "NEW", (("at", "money"),)),
    ("passage", "UPDATE", ("state", "outcome", "plate", "direction"), "NEW", (("last_at", "gates"),)),
]
GOOD = ("charge_line", "day_close")


def _noted(row, instants):
    for column, part in instants:
        yield (
            f"INSERT INTO report_stale (lot, at, part) SELECT {row}.lot, {row}.{column}, '{part}' "
            f"WHERE {row}.{column} IS NOT NULL;"
        )


def _changed(columns, differs):
    return " OR ".join(f'OLD."{column}" {differs} NEW."{column}"' for column in columns)


def statements(engine_type):
    sqlite = engine_type == "sqlite"
    for table, event, columns, row, instants in NOTED:
        name = f"{table}_is_reported_{event.lower()}_{row.lower()}"
        of = " OF " + ", ".join(f'"{column}"' for column in columns) if columns else ""
        when = f" WHEN ({_changed(columns, 'IS NOT' if sqlite else 'IS DISTINCT FROM')})" if columns else ""
        body = " ".join(_noted(row, instants))
        if sqlite:
            yield f"CREATE TRIGGER {name} AFTER {event}{of} ON {table}{when} BEGIN {body} END"
        else:
            yield (f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")
            yield f"CREATE TRIGGER {name} AFTER {event}{of} ON {table} FOR EACH ROW{when} EXECUTE FUNCTION {name}()"
    for table in GOOD:
        if sqlite:
            for event in ("UPDATE", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'noted rows are never changed'); END"
                )
        else:
            yield (
                f"CREATE TRIGGER {table}_is_for_good BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_noted_rows()"
            )


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in [*INDEXES, *statements(engine.engine_type)]:
            await engine.run_ddl(statement)

    manager.add_raw(run)
    return manager
