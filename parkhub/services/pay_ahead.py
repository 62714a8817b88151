"""Paying ahead: a driver says until when, pays, and the stay is paid until then (`parkhub.domain.pay_ahead`)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from parkhub.clients import Clients
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import pay_ahead as rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.domain import pay_ahead as rules_of
from parkhub.domain.local_time import MINUTE
from parkhub.domain.lots import Lot
from parkhub.domain.pay_ahead import Limits
from parkhub.domain.plates import normalise
from parkhub.domain.sessions import DRIVER, Ending, ParkingSession, SessionState, new_ticket
from parkhub.domain.stay_tokens import make_token
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.secret_key import secret_key
from parkhub.services import billing, mail, own_parking
from parkhub.services.billing import Bill
from parkhub.services.session_paid_ahead import prolong
from parkhub.settings import Settings

UNPAID_FOR: Final = timedelta(days=4)
"""So long a stay that was never paid is kept: the provider tries for three days to tell of a payment."""
_BATCH: Final = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """An end to choose, with what it costs; ``bill.due_cents`` is what is to be paid for it now."""

    until: datetime
    bill: Bill


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be chosen for a stay."""

    session: ParkingSession
    limits: Limits
    choices: tuple[Choice, ...]


async def imagine(lot: Lot, plate: str, now: datetime) -> ParkingSession:
    """A stay that a driver might begin now; nothing is kept, and nothing that is known of the plate is looked at."""
    begin = rules_of.whole_minute(now)
    version = await tariff_rows.find_in_force(lot.id, None, begin)
    return ParkingSession(
        id=0,
        ticket="",
        lot_id=lot.id,
        plate=normalise(plate),
        kind=None,
        state=SessionState.BEGUN,
        ending=Ending.NONE,
        entered_at=begin,
        tariff_id=version.id if version else None,
        begun_by=DRIVER,
    )


async def offer(session: ParkingSession, now: datetime, wanted: Sequence[datetime] = ()) -> Offer:
    """What may be chosen for a stay, with prices: the usual ends and those ``wanted`` that are allowed."""
    lot, given = await lot_rows.get_lot(session.lot_id), await limits(session, now)
    ends = {*rules_of.presets(given, ZoneInfo(lot.time_zone))}
    ends |= {end for end in wanted if rules_of.may_choose(end, given)}
    return Offer(session, given, tuple([Choice(end, await price(session, end, now)) for end in sorted(ends)]))


async def limits(session: ParkingSession, now: datetime) -> Limits:
    """From when on and until when somebody may choose."""
    rules, lot = await rule_rows.get_rules(session.lot_id), await lot_rows.get_lot(session.lot_id)
    begin = rules_of.begin_of(session, now)
    return rules_of.limits(begin, session.paid_until, rules, lot.opening_times, now)


async def price(session: ParkingSession, until: datetime, now: datetime) -> Bill:
    """What a stay costs that is paid until then."""
    begin = rules_of.begin_of(session, now)
    return await billing.bill_of(replace(session, entered_at=begin, paid_until=until), now)


async def begin(clients: Clients, lot: Lot, plate: str, until: datetime, address: str, now: datetime) -> ParkingSession:
    """Keep a stay that is to be paid until then; until it is, nobody is told of it.

    Alike for every plate. Raises TooOftenError as finding one's parking does, and InvalidInputError for an end that
    is not allowed or a lot where nobody pays ahead.
    """
    if not (await rule_rows.get_rules(lot.id)).paid_ahead:
        raise InvalidInputError("Nobody pays ahead in this car park.")
    await own_parking.slow_down(clients, lot, plate, address)
    session = await imagine(lot, plate, now)
    if not rules_of.may_choose(until, await limits(session, now)):
        raise InvalidInputError("This is earlier than now, or later than allowed.")
    async with transaction():
        await session_rows.lock_lot(lot.id)
        return await session_rows.add_session(replace(session, ticket=new_ticket()))


async def prolong_free(clients: Clients, session_id: int, until: datetime, now: datetime) -> ParkingSession:
    """Let a stay last until then where that costs nothing more. Raises ConflictError where it does, InvalidInputError
    for an end that is not allowed.
    """
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if not rules_of.may_choose(until, await limits(session, now)):
            raise InvalidInputError("This is earlier than now, or later than allowed.")
        bill = await price(session, until, now)
        if bill.due_cents > 0:
            raise ConflictError("This is to be paid for.")
        uid = f"session:{session.id}:until:{until.astimezone(UTC):%Y%m%dT%H%M%S}"
        session = await prolong(session, until, rules_of.begin_of(session, now), uid, now, now)
    await clients.live.announce(f"session:{session.id}")
    await clients.live.announce(f"sessions:{session.lot_id}")
    return session


async def remind(clients: Clients, settings: Settings, now: datetime) -> int:
    """Write to drivers whose time ends soon, once for each end; answers how many letters there are.

    Nobody is written to about an end that was chosen when it was as near already.
    """
    written = 0
    for lot in await lot_rows.list_lots():
        rules = await rule_rows.get_rules(lot.id)
        if not rules.paid_ahead or not rules.remind_minutes:
            continue
        ahead = rules.remind_minutes * MINUTE
        for found in await rows.list_ending(lot.id, now, now + ahead):
            written += await _remind(settings, lot, found, ahead, now)
    if written:
        await mail.ask(clients)
    return written


async def forget_unpaid(now: datetime) -> int:
    """Delete stays that drivers asked for and never paid."""
    async with transaction():
        return await rows.delete_begun(now - UNPAID_FOR, _BATCH)


async def _remind(settings: Settings, lot: Lot, session: ParkingSession, ahead: timedelta, now: datetime) -> bool:
    told, until = await rows.find_told(session.id), session.paid_until
    if told is None or until is None or told.quoted_at > until - ahead:
        return False
    token = make_token(secret_key(settings), session.id, now)
    values = {
        "lot": lot.name,
        "zone": lot.time_zone,
        "until": until.isoformat(),
        "link": f"{settings.address}/pay/stays/{token}",
    }
    uid = f"reminder:{session.id}:{until.astimezone(UTC):%Y%m%dT%H%M%S}"
    async with transaction():
        return await mail.write(uid, told.email, told.language, "reminder", values, now, until)
