"""Cards that the payment provider keeps for drivers, and what it is still to forget."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from parkhub.db.engine import Row, fetch
from parkhub.domain.saved_cards import KeptCard, SavedCard

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose card pays for a stay when it ends."""

    card: SavedCard
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Farewell:
    """A card that the provider is to forget, or a customer with all cards where ``method`` is ""."""

    id: int
    customer: str
    method: str
    tries: int


async def find_card(driver_id: int) -> SavedCard | None:
    """A driver at the provider, with a card or without."""
    return await _find("driver = {}", driver_id)


async def find_by_customer(customer: str) -> SavedCard | None:
    """The same, by the provider's name for them."""
    return await _find("customer = {}", customer)


async def find_by_method(method: str) -> SavedCard | None:
    """The driver whose card it is."""
    return await _find("method = {} AND method <> ''", method)


async def find_payer(plate: str, at: datetime, provider: str) -> Payer | None:
    """Whose card pays for a plate that leaves at ``at``: proven, agreed to before, and disputed by nobody."""
    rows = await fetch(
        "SELECT c.*, d.email, d.language FROM driver_vehicle AS v JOIN driver_card AS c ON c.driver = v.driver "
        "JOIN driver AS d ON d.id = v.driver WHERE v.plate = {} AND v.released_at IS NULL AND v.proven_at <= {} "
        "AND c.automatic AND c.method <> '' AND c.provider = {} AND c.automatic_at <= {} AND NOT EXISTS "
        "(SELECT 1 FROM driver_claim AS o WHERE o.plate = v.plate AND o.decided_at IS NULL)",
        plate,
        at,
        provider,
        at,
    )
    return Payer(_card(rows[0]), rows[0]["email"], rows[0]["language"]) if rows else None


async def add_customer(driver_id: int, provider: str, customer: str, consent: str, now: datetime) -> SavedCard:
    """Note whom the provider keeps cards for and what they agreed to; whoever is second gets the first one's."""
    await fetch(
        "INSERT INTO driver_card (driver, provider, customer, method, brand, last4, exp_month, exp_year, changed_at, "
        "consent, consented_at, automatic, automatic_consent, cap_cents, currency) "
        "VALUES ({}, {}, {}, '', '', '', 0, 0, {}, {}, {}, {}, '', 0, '') ON CONFLICT (driver) DO UPDATE SET "
        "consent = excluded.consent, consented_at = excluded.consented_at",
        driver_id,
        provider,
        customer,
        NEVER,
        consent,
        now,
        False,
    )
    found = await find_card(driver_id)
    assert found is not None
    return found


async def move_to_provider(driver_id: int, provider: str, customer: str) -> None:
    """Begin anew at another provider, without a card."""
    await fetch(
        "UPDATE driver_card SET provider = {}, customer = {}, method = '', automatic = {}, changed_at = {} "
        "WHERE driver = {}",
        provider,
        customer,
        False,
        NEVER,
        driver_id,
    )


async def set_method(driver_id: int, card: KeptCard, at: datetime) -> None:
    """Note the card that is kept."""
    await fetch(
        "UPDATE driver_card SET method = {}, brand = {}, last4 = {}, exp_month = {}, exp_year = {}, changed_at = {} "
        "WHERE driver = {}",
        card.method,
        card.brand,
        card.last4,
        card.exp_month,
        card.exp_year,
        at,
        driver_id,
    )


async def clear_method(driver_id: int) -> None:
    """Note that no card is kept; then nothing is paid automatically."""
    await fetch(
        "UPDATE driver_card SET method = '', brand = '', last4 = '', exp_month = 0, exp_year = 0, "
        "automatic = {} WHERE driver = {}",
        False,
        driver_id,
    )


async def switch_on(driver_id: int, cap_cents: int, currency: str, consent: str, now: datetime) -> bool:
    """Let the card pay when a car leaves; False without one. ``now`` stays the first one while it was on already."""
    rows = await fetch(
        "UPDATE driver_card SET cap_cents = {}, currency = {}, automatic_consent = {}, "
        "automatic_at = CASE WHEN automatic THEN automatic_at ELSE {} END, automatic = {} "
        "WHERE driver = {} AND method <> '' RETURNING id",
        cap_cents,
        currency,
        consent,
        now,
        True,
        driver_id,
    )
    return bool(rows)


async def switch_off(driver_id: int) -> None:
    """Let nothing be paid by itself."""
    await fetch("UPDATE driver_card SET automatic = {} WHERE driver = {}", False, driver_id)


async def delete_card(driver_id: int) -> None:
    """Forget a driver here; what was charged stays, without whom."""
    await fetch("UPDATE card_charge SET driver = NULL WHERE driver = {}", driver_id)
    await fetch("DELETE FROM driver_card WHERE driver = {}", driver_id)


async def add_farewell(provider: str, customer: str, method: str, now: datetime) -> None:
    """Note what the provider is to forget."""
    await fetch(
        "INSERT INTO card_farewell (provider, customer, method, created_at, next_at, tries) "
        "VALUES ({}, {}, {}, {}, {}, 0)",
        provider,
        customer,
        method,
        now,
        now,
    )


async def is_leaving(method: str) -> bool:
    """Whether the provider is still to forget a card."""
    return bool(await fetch("SELECT id FROM card_farewell WHERE method = {} AND method <> ''", method))


async def list_farewells(provider: str, now: datetime, limit: int) -> list[Farewell]:
    """What is to be forgotten by now, the longest due first."""
    rows = await fetch(
        "SELECT * FROM card_farewell WHERE provider = {} AND next_at <= {} ORDER BY next_at, id LIMIT {}",
        provider,
        now,
        limit,
    )
    return [Farewell(row["id"], row["customer"], row["method"], row["tries"]) for row in rows]


async def delete_farewell(farewell_id: int) -> None:
    """Note that it is forgotten."""
    await fetch("DELETE FROM card_farewell WHERE id = {}", farewell_id)


async def put_off_farewell(farewell_id: int, next_at: datetime) -> None:
    """Note when it is tried again."""
    await fetch("UPDATE card_farewell SET next_at = {}, tries = tries + 1 WHERE id = {}", next_at, farewell_id)


async def _find(condition: str, arg: object) -> SavedCard | None:
    rows = await fetch(f"SELECT * FROM driver_card WHERE {condition}", arg)  # noqa: S608
    return _card(rows[0]) if rows else None


def _card(row: Row) -> SavedCard:
    return SavedCard(
        driver_id=row["driver"],
        provider=row["provider"],
        customer=row["customer"],
        method=row["method"],
        brand=row["brand"],
        last4=row["last4"],
        exp_month=row["exp_month"],
        exp_year=row["exp_year"],
        changed_at=row["changed_at"],
        consent=row["consent"],
        consented_at=row["consented_at"],
        automatic=bool(row["automatic"]),
        automatic_consent=row["automatic_consent"],
        automatic_at=row["automatic_at"],
        cap_cents=row["cap_cents"],
        currency=row["currency"],
    )
