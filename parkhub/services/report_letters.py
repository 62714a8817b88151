"""On the first of a month, the last one's figures to those who want them, once."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.clients import Clients
from parkhub.db import accounts as account_rows
from parkhub.db import lots as lot_rows
from parkhub.db import mail as letter_rows
from parkhub.db import report_readers as reader_rows
from parkhub.db.engine import transaction
from parkhub.domain.local_time import local_day
from parkhub.domain.lots import Lot
from parkhub.domain.report_periods import Length, Period, around
from parkhub.domain.report_tables import figures
from parkhub.domain.rights import Right
from parkhub.errors import NotFoundError
from parkhub.services import mail
from parkhub.services.report_counts import load_counts
from parkhub.settings import Settings

DAYS: Final = 5
"""So many days of a month its letters may still be written, if nobody could before."""
FROM_HOUR: Final = 4
"""By the lot's clock: the last day has been counted to its end."""


async def write_letters(clients: Clients, settings: Settings, now: datetime) -> int:
    """Write the letters that are due; answers how many were not written before."""
    written = 0
    for lot in await lot_rows.list_lots():
        local = now.astimezone(ZoneInfo(lot.time_zone))
        if local.day > DAYS or (local.day == 1 and local.hour < FROM_HOUR):
            continue
        last = around(Length.MONTH, local_day(now, ZoneInfo(lot.time_zone)) - timedelta(days=local.day))
        written += await _write(settings, lot, last, now)
    if written:
        await mail.ask(clients)
    return written


async def _write(settings: Settings, lot: Lot, month: Period, now: datetime) -> int:
    wanted = [
        (account_id, uid)
        for account_id in await reader_rows.list_readers(lot.id)
        if not await letter_rows.is_kept(uid := f"report:{lot.id}:{account_id}:{month.since:%Y-%m}")
    ]
    if not wanted:
        return 0
    counts, before = await load_counts(lot, month), await load_counts(lot, month.beside(-1))
    address = f"lot={lot.slug}&length=month&at={month.since}"
    values = {
        "lot": lot.name,
        "month": month.words,
        "figures": [(each.words, each.value, each.unit, each.before) for each in figures(counts, before)],
        "link": f"{settings.address}/console/reports?{address}",
        "pdf": f"{settings.address}/console/reports/pdf?{address}",
    }
    written = 0
    for account_id, uid in wanted:
        try:
            account = await account_rows.get_account(account_id)
        except NotFoundError:
            continue
        if account.may(Right.MONEY, lot.id):
            async with transaction():
                written += await mail.write(uid, account.email, "en", "report", values, now)
    return written
