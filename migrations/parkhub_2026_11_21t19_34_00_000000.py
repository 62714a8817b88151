"""Bookings of the public, their money in the ledger, and quotes of a booking instead of a session.

A column cannot be made nullable on SQLite, so a quote's session goes by way of another name (the next two migrations).
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import BigInt, Integer, Text, Timestamptz
from piccolo.columns.indexes import IndexMethod

ID = "2026-11-21T19:34:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "money of bookings"

USUAL = {
    "primary_key": False,
    "unique": False,
    "index_method": IndexMethod.btree,
    "choices": None,
    "db_column_name": None,
    "secret": False,
}
NUMBER_OR_NONE = {"default": None, "null": True, "index": False}
TEXT = {"default": "", "null": False, "index": False}

# table, column, its class, what is not usual
COLUMNS = [
    ("BookingRules", "booking_rules", "payment", Text, {**TEXT, "default": "either"}),
    ("Booking", "booking", "public_id", Text, TEXT),
    ("Booking", "booking", "email", Text, TEXT),
    ("Booking", "booking", "language", Text, TEXT),
    ("Booking", "booking", "payment", Text, TEXT),
    ("Booking", "booking", "hold_until", Timestamptz, NUMBER_OR_NONE),
    ("Booking", "booking", "changes", Integer, {"default": 0, "null": False, "index": False}),
    ("Booking", "booking", "tariff", Integer, NUMBER_OR_NONE),
    ("Booking", "booking", "tax_percent", Text, {**TEXT, "default": "0"}),
    ("Booking", "booking", "driver", Integer, {**NUMBER_OR_NONE, "index": True}),
    ("LedgerTransaction", "ledger_transaction", "booking", BigInt, {**NUMBER_OR_NONE, "index": True}),
    ("Quote", "quote", "booking", BigInt, NUMBER_OR_NONE),
]


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="parkhub", description=DESCRIPTION)
    for table, name, column, kind, given in COLUMNS:
        manager.add_column(
            table_class_name=table,
            tablename=name,
            column_name=column,
            db_column_name=column,
            column_class_name=kind.__name__,
            column_class=kind,
            params={**USUAL, **given},
            schema=None,
        )
    manager.rename_column(
        table_class_name="Quote",
        tablename="quote",
        old_column_name="session",
        new_column_name="session_was",
        old_db_column_name="session",
        new_db_column_name="session_was",
        schema=None,
    )
    return manager
