"""The books of the desk's million sessions: receipts of the last ones, and their days counted as upkeep counts them."""

from datetime import UTC, datetime, timedelta

from bench_sessions import OPEN, START, run_plain

from parkhub.db.engine import on_postgresql
from parkhub.domain.lots import Lot
from parkhub.domain.reports import Part
from parkhub.services import reports

RECEIPTS = 200_000
FULL_MONTH = f"{START + timedelta(days=340):%Y-%m}"
"""One of which every session has its receipt."""
DAYS = 45


def receipts(sessions: int, lot: int) -> list[str]:
    """SQL that makes quotes, payments and receipts of the last sessions that ended, and a credit note of every 50th."""
    first = max(1, sessions - OPEN - RECEIPTS)
    stays = f"parking_session WHERE state = 'closed' AND id > {first}"
    paid = "quote JOIN parking_session AS stay ON stay.id = quote.session"
    return [
        "INSERT INTO quote (public_id, lot, session, ticket, currency, lines, net_cents, tax_cents, gross_cents, "
        "tax_percent, amount_cents, starts_at, ends_at, created_at, email, language) "
        "SELECT 'q' || id, lot, id, ticket, 'EUR', '[]', 400, 76, 476, '19', 476, entered_at, exited_at, exited_at, "
        f"'', 'en' FROM {stays}",
        "INSERT INTO payment (quote, provider, state, checkout, url, intent, expires_at, paid_at, paid_cents, "
        "refunded_cents, failed_cents, returned_cents, customer) SELECT quote.id, 'stripe', 'paid', '', '', '', "
        f"stay.exited_at, stay.exited_at, 476, 0, 0, 0, '' FROM {paid}",
        "INSERT INTO receipt (public_id, quote, lot, number, operator_name, operator_address, operator_tax_number, "
        "issued_at, paid_cents) SELECT 'r' || stay.id, quote.id, quote.lot, stay.id, 'Harbour Parking', '', '', "
        f"stay.exited_at, 476 FROM {paid}",
        "INSERT INTO credit_note (public_id, uid, receipt, lot, number, amount_cents, tax_cents, why, issued_at) "
        "SELECT 'c' || number, 'c' || number, id, lot, number, 100, 16, 'refund', issued_at FROM receipt "
        f"WHERE lot = {lot} AND number {'%'} 50 = 0",
        "VACUUM ANALYZE receipt" if on_postgresql() else "ANALYZE",
    ]


async def keep_books(lot: Lot, sessions: int) -> None:
    """Make them, and count the money of the last days."""
    for statement in receipts(sessions, lot.id):
        await run_plain(statement)
    last, now = START + timedelta(days=365), datetime.now(UTC)
    for back in range((now - last).days + DAYS):
        await reports.count_part(lot, (now - timedelta(days=back)).date(), Part.MONEY, now)
    # What the seeding noted is a year's at once; deleted row by row it would stay in PostgreSQL's way for a while.
    await run_plain("TRUNCATE report_stale" if on_postgresql() else "DELETE FROM report_stale")
