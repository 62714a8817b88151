"""On the first of a month, the last one's figures with the report as PDF to those who want them, once."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from parkhub.clients import Clients
from parkhub.db import accounts as account_rows
from parkhub.db import lots as lot_rows
from parkhub.db import mail as letter_rows
from parkhub.db import report_readers as reader_rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.domain.local_time import local_day
from parkhub.domain.lots import Lot
from parkhub.domain.report_periods import Length, Period, around
from parkhub.domain.report_tables import figures
from parkhub.domain.rights import Right
from parkhub.errors import BusyError, NotFoundError
from parkhub.services import audit, mail
from parkhub.services.report_counts import load_counts
from parkhub.services.report_pdf import report_pdf
from parkhub.settings import Settings

PDF: Final = "application/pdf"
DAYS: Final = 5
"""So many days of a month its letters may still be written, if nobody could before."""
FROM_HOUR: Final = 4
"""By the lot's clock: the last day has been counted to its end."""

log = structlog.get_logger(__name__)


async def write_letters(clients: Clients, settings: Settings, now: datetime) -> int:
    """Write the letters that are due; answers how many were not written before."""
    written = 0
    for lot in await lot_rows.list_lots():
        local = now.astimezone(ZoneInfo(lot.time_zone))
        if local.day > DAYS or (local.day == 1 and local.hour < FROM_HOUR):
            continue
        last = around(Length.MONTH, local_day(now, ZoneInfo(lot.time_zone)) - timedelta(days=local.day))
        try:
            written += await _write(clients, settings, lot, last, now, without_sheet=local.day == DAYS)
        except BusyError as error:  # the next hour may do better, and other lots have their letters anyway
            log.warning("report.put_off", lot=lot.id, reason=str(error))
    if written:
        await mail.ask(clients)
    return written


async def _write(
    clients: Clients, settings: Settings, lot: Lot, month: Period, now: datetime, *, without_sheet: bool
) -> int:
    """Write a lot's. ``without_sheet``: rather than none, when the sheet cannot be made. Raises BusyError."""
    wanted = []
    for account_id in await reader_rows.list_readers(lot.id):
        uid = f"report:{lot.id}:{account_id}:{month.since:%Y-%m}"
        with suppress(NotFoundError):
            account = await account_rows.get_account(account_id)
            if account.may(Right.MONEY, lot.id) and not await letter_rows.is_kept(uid):
                wanted.append((account, uid))
    if not wanted:
        return 0
    counts, before = await load_counts(lot, month, by_spot=True), await load_counts(lot, month.beside(-1))
    address = f"lot={lot.slug}&length=month&at={month.since}"
    values = {
        "lot": lot.name,
        "month": month.words,
        "figures": [(each.words, each.value, each.unit, each.before) for each in figures(counts, before)],
        "link": f"{settings.address}/console/reports?{address}",
        "pdf": f"{settings.address}/console/reports/pdf?{address}",
    }
    written, sheet = 0, b""
    try:
        sheet = await report_pdf(lot, counts, before, now)
    except BusyError:
        if not without_sheet:
            raise
    for account, uid in wanted:
        attachment = None
        try:
            if sheet:
                attachment = await mail.attach(clients, uid, f"{lot.slug}-{month.since:%Y-%m}.pdf", PDF, sheet)
        except BusyError:
            if not without_sheet:
                raise
        async with transaction():
            written += await mail.write(uid, account.email, "en", "report", values | {"attachment": attachment}, now)
    return written


async def list_candidates(lot: Lot) -> list[tuple[Account, bool]]:
    """Who may get a lot's letters, each with whether they do."""
    readers = set(await reader_rows.list_readers(lot.id))
    people = [each for each in await account_rows.list_people() if each.may(Right.MONEY, lot.id)]
    return [(each, each.id in readers) for each in people]


async def choose_readers(lot: Lot, account_ids: Collection[int], by: Account, now: datetime) -> None:
    """Have a lot's letters go to these, of those who may get them, and to nobody else."""
    async with transaction():
        found = await list_candidates(lot)
        for account, reads in found:
            if account.id in account_ids and not reads:
                await reader_rows.add_reader(lot.id, account.id)
            elif account.id not in account_ids and reads:
                await reader_rows.remove_reader(lot.id, account.id)
        before = [account.email for account, reads in found if reads]
        await _note(lot, before, [account.email for account, _ in found if account.id in account_ids], by, now)


async def choose_own(lot: Lot, account: Account, now: datetime, *, wanted: bool) -> None:
    """Have somebody get a lot's letters, or get them no more."""
    async with transaction():
        before = [each.email for each, reads in await list_candidates(lot) if reads]
        await (reader_rows.add_reader if wanted else reader_rows.remove_reader)(lot.id, account.id)
        await _note(lot, before, [each.email for each, reads in await list_candidates(lot) if reads], account, now)


async def _note(lot: Lot, before: list[str], after: list[str], by: Account, now: datetime) -> None:
    if before != after:
        await audit.note(
            "report.readers_chosen",
            account_id=by.id,
            lot_id=lot.id,
            subject=f"lot:{lot.id}",
            before={"readers": before},
            after={"readers": after},
            at=now,
        )
