"""Plates of drivers: proven by whoever has a ticket or a receipt, by staff, and whose they are when two have."""

from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import driver_vehicles as rows
from parkhub.db import drivers as driver_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import network
from parkhub.domain.drivers import (
    PROVES_FOR,
    VEHICLES_MAX,
    Claim,
    Claimed,
    Driver,
    ProvenBy,
    Vehicle,
    masked,
    read_code,
)
from parkhub.domain.mail import read_address
from parkhub.domain.permits import PLATE_LENGTHS
from parkhub.domain.plates import normalise
from parkhub.domain.reasons import checked_reason
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.languages import marked
from parkhub.services import audit, mail

TRIES_PER_DRIVER: Final = 10
TRIES_PER_ADDRESS: Final = 30
TRY_WINDOW_S: Final = 3600
NO_PLATE: Final = marked("Type the letters and digits of your number plate.")
NO_PROOF: Final = marked("This code does not fit this plate, or is too old. Nothing was added.")
TOO_MANY: Final = marked("There is room for twenty vehicles. Remove one first.")
NO_VEHICLE: Final = marked("There is no such vehicle in this account.")
NO_RECEIPT: Final = marked("There is no receipt at this address.")

log = structlog.get_logger(__name__)


async def claim(clients: Clients, driver: Driver, plate: str, code: str, address: str, now: datetime) -> Claimed:
    """Take a plate into an account by the ticket's code or the receipt of one of its stays.

    When another driver holds it, staff are asked and the other is told. Raises FieldsError, alike for a code that is
    none and one of another plate, ConflictError, and TooOftenError.
    """
    await clients.limiter.hit(f"claim:from:{network(address)}", TRIES_PER_ADDRESS, TRY_WINDOW_S)
    await clients.limiter.hit(f"claim:{driver.id}", TRIES_PER_DRIVER, TRY_WINDOW_S)
    text = _plate(plate)
    proof = read_code(code)
    session = await _session_of(*proof) if proof else None
    if proof is None or session is None or session.plate != text or now - session.entered_at > PROVES_FOR:
        log.info("driver.claim_refused", driver=driver.id)
        raise FieldsError({"code": NO_PROOF})
    async with transaction():
        await rows.add_stay(driver.id, session.id, now)
        holder = await rows.find_holder(text)
        if holder is None:
            if len(await rows.list_vehicles(driver.id)) >= VEHICLES_MAX:
                raise ConflictError(TOO_MANY)
            if not await rows.add_vehicle(driver.id, text, proof[0], now):
                holder = await rows.find_holder(text)
        if holder is not None and holder.driver_id != driver.id:
            await _dispute(holder, driver, text, proof[0], session.id, now)
            claimed = Claimed.ASKED
        else:
            claimed = Claimed.YOURS
    await mail.ask(clients)
    log.info("driver.claimed", driver=driver.id, by=proof[0].value, became=claimed.value)
    return claimed


async def add_receipt(driver: Driver, receipt_id: str, now: datetime) -> bool:
    """Put the stay of a receipt into an account; False when it is there. Raises NotFoundError."""
    session_id = await rows.find_session_of_receipt(receipt_id)
    if session_id is None:
        raise NotFoundError(NO_RECEIPT)
    async with transaction():
        return await rows.add_stay(driver.id, session_id, now)


async def remove(clients: Clients, driver: Driver, vehicle_id: int, now: datetime) -> None:
    """Take a plate out of an account, with the stays that only it had brought there. Raises NotFoundError.

    Who has claimed it meanwhile has it then.
    """
    async with transaction():
        found = [each for each in await rows.list_vehicles(driver.id) if each.id == vehicle_id]
        if not found or not await rows.delete_vehicle(driver.id, vehicle_id):
            raise NotFoundError(NO_VEHICLE)
        await settle(found[0].plate, now)
    await mail.ask(clients)


async def settle(plate: str, now: datetime) -> None:
    """Give a plate that nobody holds any more to the one who has proven it. Inside the caller's transaction."""
    asked = await rows.list_claims_to(plate)
    if len(asked) != 1 or not await rows.add_vehicle(asked[0].driver_id, plate, asked[0].proven_by, now):
        return
    await rows.decide_claims(plate, "given up by its holder", None, now)
    await _tell_decided(asked[0], True, now)


async def decide(clients: Clients, claim_id: int, grant: bool, reason: str, account_id: int, now: datetime) -> Claim:
    """Staff say whose a plate is that two have proven. Raises NotFoundError, ConflictError for what was decided."""
    async with transaction():
        found = await rows.find_claim(claim_id)
        if found is None:
            raise NotFoundError("There is no such claim.")
        if found.decided_at is not None:
            raise ConflictError("This claim was decided already.")
        why = checked_reason(reason, [found.plate])
        lot_id = (await session_rows.get_session(found.session_id)).lot_id
        if grant:
            before = await _hand_over(found.driver_id, found.plate, found.proven_by, now)
        else:
            before = await rows.find_holder(found.plate)
        await rows.decide_claims(found.plate, "granted" if grant else "refused", account_id, now)
        await _note("claim_granted" if grant else "claim_refused", before, found.driver_id, lot_id, found.plate, why,
                    account_id, now)  # fmt: skip
        await _tell_decided(found, grant, now)
    await mail.ask(clients)
    decided = await rows.find_claim(claim_id)
    assert decided is not None
    return decided


async def give(
    clients: Clients, lot_id: int, email: str, plate: str, reason: str, account_id: int, now: datetime
) -> Vehicle:
    """Staff have seen the papers: a driver with an account holds this plate from now on, and nobody else does.

    ``lot_id``: by whose rules the plate leaves the audit log. Raises NotFoundError when the address has no account.
    """
    text, why = _plate(plate), checked_reason(reason, [normalise(plate)])
    async with transaction():
        driver = await driver_rows.find_by_email(read_address(email) or "")
        if driver is None:
            raise NotFoundError("There is no account with this e-mail. Its driver signs in once, then it can be done.")
        before = await _hand_over(driver.id, text, ProvenBy.STAFF, now)
        await rows.decide_claims(text, "given by staff", account_id, now)
        await _note("vehicle_given", before, driver.id, lot_id, text, why, account_id, now)
        found = await rows.find_holder(text)
    await mail.ask(clients)
    assert found is not None
    return found


async def take(clients: Clients, lot_id: int, plate: str, reason: str, account_id: int, now: datetime) -> None:
    """Staff take a plate from whoever holds it. Raises NotFoundError when nobody does."""
    text, why = _plate(plate), checked_reason(reason, [normalise(plate)])
    async with transaction():
        before = await rows.find_holder(text)
        if before is None:
            raise NotFoundError("No account holds this plate.")
        await _release(before, now)
        await _note("vehicle_taken", before, None, lot_id, text, why, account_id, now)
    await mail.ask(clients)


async def _hand_over(driver_id: int, plate: str, proven_by: ProvenBy, now: datetime) -> Vehicle | None:
    """Make a driver the holder; answers who was before."""
    before = await rows.find_holder(plate)
    if before is not None and before.driver_id == driver_id:
        return before
    if before is not None:
        await _release(before, now)
    await rows.add_vehicle(driver_id, plate, proven_by, now)
    return before


async def _release(held: Vehicle, now: datetime) -> None:
    """Staff take a plate from its holder, who is told."""
    await rows.release(held.plate, now)
    driver = await driver_rows.get_driver(held.driver_id)
    values = {"plate": masked(held.plate)}
    await mail.write(f"plate-moved:{held.id}", driver.email, driver.language, "plate_moved", values, now)


async def _dispute(
    holder: Vehicle, driver: Driver, plate: str, proven_by: ProvenBy, session_id: int, now: datetime
) -> None:
    claim_id = await rows.add_claim(driver.id, plate, proven_by, session_id, now)
    if claim_id is None:
        return
    other = await driver_rows.get_driver(holder.driver_id)
    values = {"plate": masked(plate)}
    await mail.write(f"plate-claimed:{claim_id}", other.email, other.language, "plate_claimed", values, now)


async def _tell_decided(claim: Claim, granted: bool, now: datetime) -> None:
    driver = await driver_rows.get_driver(claim.driver_id)
    values = {"plate": masked(claim.plate), "granted": granted}
    await mail.write(f"claim-decided:{claim.id}", driver.email, driver.language, "claim_decided", values, now)


async def _session_of(by: ProvenBy, code: str) -> ParkingSession | None:
    """The stay that a code proves; none that somebody began by typing a plate, for anybody may type any."""
    if by is ProvenBy.TICKET:
        found = await session_rows.find_by_ticket(code)
    else:
        session_id = await rows.find_session_of_receipt(code)
        found = await session_rows.get_session(session_id) if session_id is not None else None
    proves = found is not None and found.state is not SessionState.CANCELLED and not found.begun_by
    return found if proves else None


async def _note(
    action: str, before: Vehicle | None, driver_id: int | None, lot_id: int, plate: str, reason: str, account_id: int,
    now: datetime,
) -> None:  # fmt: skip
    await audit.note(
        f"driver.{action}",
        account_id=account_id,
        lot_id=lot_id,
        subject=f"driver:{driver_id or (before.driver_id if before else 0)}",
        before={"holder": before.driver_id if before else None},
        after={"holder": driver_id},
        reason=reason,
        at=now,
        plates=(plate, plate),
    )


def _plate(text: str) -> str:
    found = normalise(text)
    if len(found) not in PLATE_LENGTHS:
        raise FieldsError({"plate": NO_PLATE})
    return found
