"""People and programs for the pages that show them."""

from datetime import datetime

from builders import save_account, stand_ins
from visitors import EMAIL

from parkhub.db import accounts as rows
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Role
from parkhub.secret_key import secret_key
from parkhub.services import api_keys, people, second_factors
from parkhub.services.api_keys import KeyForm
from parkhub.services.people import PersonForm
from parkhub.settings import Settings


async def shown(settings: Settings, lot: Lot, now: datetime) -> dict[str, str]:
    """Some of each kind; the addresses of their pages, and of the owner's own."""
    owner = await rows.find_account(EMAIL)
    assert owner is not None
    one_lot = {"every_lot": False, "lots": (lot.slug,)}
    for name, role, given in (
        ("Sam Brown", Role.ATTENDANT, one_lot),
        ("Ada Müller-Lüdenscheidt", Role.ACCOUNTANT, {"every_lot": True}),
    ):
        email = f"{name.split()[0].lower()}@a-rather-long-company-name.example.org"
        form = PersonForm(name, role.value, sees_plates=role is Role.ATTENDANT, **given)  # type: ignore[arg-type]
        await people.invite(stand_ins(), settings, owner, email, form, now)
    gone = await save_account("pat@example.org", Role.PATROL, "x")
    await people.shut_out(stand_ins(), owner, gone.id, now)
    await second_factors.begin(secret_key(settings), owner, now)
    for name, rights, days in (("City portal", ["read"], 365), ("Till at the north exit", ["run", "refund"], None)):
        await api_keys.create_key(owner, KeyForm(name, rights, every_lot=days is None, lots=[lot.slug], days=days), now)
    sam = next(each for each in await rows.list_people() if each.name == "Sam Brown")
    return {
        "people": "/console/people",
        "person": f"/console/people/{sam.id}",
        "person-shut-out": f"/console/people/{gone.id}",
        "person-new": "/console/people/new",
        "keys": "/console/keys",
        "key-new": "/console/keys/new",
        "own-account": "/console/account",
        "own-account-setup": "/console/account/second-factor",
    }
