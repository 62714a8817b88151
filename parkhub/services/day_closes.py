"""Closing a day: its totals are fixed, once, and held against the ledger and against what reports tell of it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from parkhub.db import day_closes as rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import reports as report_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.domain.day_closes import DayClose, Difference, Totals, differences, totals_of
from parkhub.domain.ledger import Account as LedgerAccount
from parkhub.domain.ledger import Kind
from parkhub.domain.local_time import day_span, local_day
from parkhub.domain.lots import Lot
from parkhub.domain.reports import Measure, Part
from parkhub.errors import ConflictError
from parkhub.services import audit
from parkhub.services.reports import count_part


async def close_day(lot: Lot, day: date, account: Account, now: datetime) -> DayClose:
    """Fix a day's totals. Raises ConflictError when it is not over, is closed already, or its books do not agree."""
    if now < day_span(day, ZoneInfo(lot.time_zone)).end:
        raise ConflictError("This day is not over yet.")
    async with transaction():
        await session_rows.lock_lot(lot.id)
        sequence, _ = await ledger_rows.get_head(lot.id)
        posted = await posted_on(lot, day)
        await count_part(lot, day, Part.MONEY, now)
        if posted != (await _reported(lot, day, day + timedelta(days=1))).get(day, {}):
            raise ConflictError("The report of this day does not agree with the ledger. The day stays open.")
        if sum(posted.values()):
            raise ConflictError("The postings of this day do not sum to zero. The day stays open.")
        close = DayClose(lot.id, day, now, account.id, account.email, sequence, posted)
        if not await rows.add_close(close):
            raise ConflictError("This day is closed already.")
        await audit.note(
            "day.closed",
            account_id=account.id,
            lot_id=lot.id,
            subject=f"day:{lot.id}:{day}",
            before=None,
            after={"day": day.isoformat(), "sequence": sequence},
            at=now,
        )
    return close


async def posted_on(lot: Lot, day: date) -> Totals:
    """What the ledger has of a day by now."""
    span = day_span(day, ZoneInfo(lot.time_zone))
    return totals_of(await ledger_rows.sum_postings(lot.id, span.start, span.end))


async def posted_by_day(lot: Lot, since: date, until: date) -> dict[date, Totals]:
    """The same of each day of ``since`` <= day < ``until``: as it was counted for reports, where nothing has changed
    since, else summed anew.
    """
    zone = ZoneInfo(lot.time_zone)
    stale = await report_rows.list_stale_since(lot.id, Part.MONEY, day_span(since, zone).start)  # before what is told
    counted = (await report_rows.list_made(lot.id, Part.MONEY, since)).keys() - {local_day(at, zone) for at in stale}
    told = await _reported(lot, since, until)
    days = [since + timedelta(days=number) for number in range((until - since).days)]
    return {day: told.get(day, {}) if day in counted else await posted_on(lot, day) for day in days}


async def find_differences(lot: Lot, close: DayClose) -> list[Difference]:
    """How the ledger differs from what was fixed."""
    return differences(close.totals, await posted_on(lot, close.day))


async def _reported(lot: Lot, since: date, until: date) -> dict[date, Totals]:
    """What reports tell of these days; a day of which they tell nothing is left out."""
    found: dict[date, dict[tuple[str, Kind, LedgerAccount], int]] = {}
    for day, fact in await report_rows.list_facts(lot.id, Measure.POSTED, since, until):
        kind, _, account = fact.label.partition("/")
        found.setdefault(day, {})[fact.unit, Kind(kind), LedgerAccount(account)] = fact.value
    return dict(found)
