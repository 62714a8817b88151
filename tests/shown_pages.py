"""Every page of drivers and of staff in every state, on made-up data: to be looked at, and to be measured.

Who adds a page adds its address here; `make shots`, the test with axe and `make lighthouse` then find it.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import booked
import by_hand
import corrected
import desked
import gated
import kept_cards
import noded
import priced
import rare
import servers
import staffed
from builders import a_new_spot, a_track, save_account, save_camera, save_frame, save_lot, save_recording
from drivers import save_paid_lot, save_stay
from paying import finish, pay
from pictures import jpeg
from playwright.async_api import Page
from processes import free_port, wait_for
from reported import give_past
from visitors import EMAIL, PASSWORD

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db import accounts as account_rows
from parkhub.db import cameras, discount_codes, frames, lots, recordings, spots, troubles
from parkhub.db import driver_vehicles as vehicle_rows
from parkhub.db import drivers as driver_rows
from parkhub.db import drives as drive_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db.engine import close_database, fetch, migrate, open_database
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.drivers import ProvenBy
from parkhub.domain.drives import Drives, Lane, Monitor
from parkhub.domain.frames import FrameStatus
from parkhub.domain.ledger import Account
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.lots import Lot, change_details
from parkhub.domain.payments import PaymentState
from parkhub.domain.recordings import RecordingStatus
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.domain.spots import BayPlan, BayShape, SpotKind, SpotState
from parkhub.domain.stay_tokens import make_token
from parkhub.domain.trust import Trouble
from parkhub.logs import set_up_logs
from parkhub.secret_key import secret_key
from parkhub.services import accounts, billing, checkouts, pay_ahead, payments, receipts, refunds
from parkhub.services.day_closes import close_day
from parkhub.services.drivers import digest
from parkhub.settings import Settings, load_settings

TARIFF = """
currency: EUR
exit_grace_minutes: 15
lost_ticket: "20.00"
free_minutes: {minutes: 20, per: stay}
cap: {price: "16.00", per: 24h}
tax: {percent: "20"}
bands:
  - {name: Day, from: "07:00", to: "22:00", rate: {type: per_started, minutes: 60, price: "1.80"}}
  - {name: Night, rate: {type: flat, price: "3.00"}}
"""
CHEAP = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "0.30"}}]\n'
DRIVER_TOKEN = "the driver of the pages that are shown"
GUIDE = {
    "camera": "meadow",
    "spots": "harbour",
    "tariff": "meadow",
    "test": "harbour",
    "payments": "harbour",
    "end": "harbour",
}
DRIVES = Drives(
    (Lane(((5, 98), (380, 98))), Lane(((380, 98), (380, 190), (5, 190)), one_way=True)),
    ((5, 98),),
    (Monitor("Gate", (20, 98), 90), Monitor("Stairs", (200, 98), 90, "Deck B")),
)
DETAILS = {"opening_hours": "Mo-Sa 06:00-24:00; Su,PH 08:00-20:00", "country": "DE", "place": "53.5436,9.9884"}


async def furnish(settings: Settings, *, every: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """Make the data in a migrated database; addresses by name of what drivers see, and of what staff see.

    Staff sign in with the words of `visitors`. ``every``: with the rarer states of pages, too.
    """
    await open_database(settings)
    clients = await open_clients(settings)
    now = datetime.now(UTC)
    lot = await save_paid_lot(TARIFF, slug="harbour", name="Harbour Street Car Park", address="Harbour Street 12")
    await lots.save_details(change_details(lot, DETAILS, now))
    await save_lot(slug="meadow", name="Meadow")
    public = {"lots": "/", "lot": "/lots/harbour", "lot-empty": "/lots/meadow", "find": "/pay/harbour"}
    public |= {"sign-in": "/sign-in", "not-found": "/lots/nowhere", "lost": "/pay/stays/none"}
    public |= {"display": "/display/harbour", "display-way": "/display/harbour?monitor=Gate"}
    public |= {"account-sign-in": "/account/sign-in", "account-link-over": "/account/enter/none"}
    staff = await _watched(clients, lot, now)
    staff |= await _account(lot, now)
    staff |= await staffed.shown(settings, lot, now)
    staff |= await corrected.shown(clients, now)
    await discount_codes.add_code(lot.id, Discount("HOTEL", percent=Fraction(50)), CodeLimits())
    public |= await _stays(settings, lot, now)
    public |= await _checkouts(settings, clients, lot, now)
    public |= await booked.shown(clients, settings, lot, now)
    staff |= await priced.shown(clients, lot, now)
    public |= await _ahead(settings, clients, now)
    staff |= await desked.shown(clients, now)
    staff |= await noded.shown(clients, settings, lot, now)
    for pages, more in zip((public, staff), await gated.shown(clients, now), strict=True):
        pages |= more
    owner = await account_rows.find_account(EMAIL)
    assert owner is not None
    for pages, more in zip((public, staff), await rare.shown(clients, settings, owner, now), strict=True):
        pages |= {name: path for name, path in more.items() if every or name in rare.OWN}
    await give_past(lot, 70, now, settings, per_day=14, capacity=32)
    await close_day(lot, (now - timedelta(days=2)).date(), owner, now)
    staff |= {
        "reports": "/console/reports?lot=harbour&length=week&against=before",
        "reports-day": f"/console/reports?lot=harbour&length=day&at={(now - timedelta(days=1)).date()}",
        "reports-closed": f"/console/reports?lot=harbour&length=day&at={(now - timedelta(days=2)).date()}",
        "money": "/console/money?lot=harbour",
        "money-empty": "/console/money?lot=harbour&kind=payout",
        "money-days": "/console/money/days?lot=harbour",
        "money-compared": f"/console/money/reconciliation?since={(now - timedelta(days=1)).date()}",
        "reports-empty": "/console/reports?lot=meadow",
    }
    await close_clients(clients)
    await close_database()
    return public, staff


async def _watched(clients: Clients, lot: Lot, now: datetime) -> dict[str, str]:
    """A camera that sees, one that has moved, one nobody has heard of, and recordings."""
    account = await save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    kinds = {"A1": SpotKind.DISABLED, "A2": SpotKind.DISABLED, "B1": SpotKind.EV, "B16": SpotKind.MOTORCYCLE}
    rows = (("A", BayShape.MOUTH_UP, 20), ("B", BayShape.MOUTH_DOWN, 130))
    marked = [
        a_new_spot(
            f"{row}{at}",
            kind=kinds.get(f"{row}{at}", SpotKind.STANDARD),
            plan=BayPlan(shape, 2 + 22 * at, y, 22, 46),
            zone=f"Deck {row}",
        )
        for row, shape, y in rows
        for at in range(1, 17)
    ]
    camera = await save_camera(lot, marked, name="North mast", stale_after_s=86_400)
    await drive_rows.save_drives(lot.id, DRIVES)
    states = [SpotState.OCCUPIED, SpotState.FREE, SpotState.FREE, SpotState.UNKNOWN]
    tracks = [a_track(spot.name, states[at * at % 7 % 4], seen_at=now, since=now) for at, spot in enumerate(marked)]
    await spots.save_tracks(camera.id, tracks)
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await clients.pictures.put(frame.picture_key, jpeg(size=(640, 400)))
    await frames.finish_frame(frame.id, FrameStatus.READ, 14.2, [], "")
    await cameras.set_last_look(camera.id, frame.id, now)
    broken = await save_frame(camera, captured_at=now - timedelta(hours=1), received_at=now - timedelta(hours=1))
    await frames.finish_frame(broken.id, FrameStatus.FAILED, None, [], "The picture is damaged.")
    moved = await save_camera(lot, 0, name="A camera with quite a long name at the far end")
    await troubles.begin_trouble(moved.id, Trouble.MOVED, now - timedelta(hours=2))
    failed = await save_recording(account, now - timedelta(hours=5))
    await recordings.start_recording(failed.id, now, now)
    await recordings.finish_recording(failed.id, 1, RecordingStatus.FAILED, None, "The video has no pictures.", now)
    waiting = await save_recording(account, now)
    return {
        "console": "/console",
        "new-lot": "/console/lots/new",
        "system": "/console/system",
        "jobs": "/console/system/jobs",
        "audit": "/console/system/audit",
        "lots-setup": "/console/lots",
        "lot-setup": "/console/lots/harbour",
        "guide-begin": "/console/guide?new=1",
        **{f"guide-{step}": f"/console/lots/{slug}/guide?step={step}" for step, slug in GUIDE.items()},
        "displays": "/console/lots/harbour/displays?x=200&y=100&facing=0",
        "receipts-book": "/console/lots/harbour/receipts",
        "receipts-book-empty": "/console/lots/meadow/receipts",
        "people-second-factor": "/console/people/second-factor",
        "drives": "/console/lots/harbour/drives",
        "drives-empty": "/console/lots/meadow/drives",
        "cameras": "/console/cameras",
        "new-camera": "/console/cameras/new",
        "camera": f"/console/cameras/{camera.public_id}",
        "camera-spots": f"/console/cameras/{camera.public_id}/spots",
        "plan": "/console/lots/harbour/plan",
        "camera-care": f"/console/cameras/{camera.public_id}/care",
        "camera-moved": f"/console/cameras/{moved.public_id}",
        "recordings": "/console/recordings",
        "recording-failed": f"/console/recordings/{failed.id}",
        "recording-waiting": f"/console/recordings/{waiting.id}",
        **await by_hand.shown(clients, account, camera, now),
        "console-not-found": "/console/cameras/none",
    }


async def _stays(settings: Settings, lot: Lot, now: datetime) -> dict[str, str]:
    def page_of(session: ParkingSession, at: datetime = now) -> str:
        return f"/pay/stays/{make_token(secret_key(settings), session.id, at)}"

    pages = {"stay": page_of(first := await save_stay(lot, "PKH4827", 148))}
    pages["stay-ended"] = page_of(first, now - timedelta(days=2))
    pages["stay-ticket"] = page_of(await save_stay(lot, "", 95))
    pages["stay-permit"] = page_of(await save_stay(lot, "PKH4921", 400, right="allowed"))
    pages["stay-free"] = page_of(await save_stay(lot, "NEW1234", 5))
    for name, minutes, paid_before in (("paid", 70, 0), ("late", 240, 120)):
        session = await save_stay(lot, f"{name.upper()}123", minutes)
        at = now - timedelta(minutes=paid_before)
        due = (await billing.get_bill(session.id, at)).due_cents
        await payments.pay(session.id, due, Account.CASH, name, at)
        pages[f"stay-{name}"] = page_of(session)
    return pages


async def _ahead(settings: Settings, clients: Clients, now: datetime) -> dict[str, str]:
    """A car park where one pays when one comes, and what becomes of little and of slow money."""
    lot = await save_paid_lot(TARIFF, slug="quay", name="Quay Street", address="Quay Street 3")
    await rule_rows.save_rules(lot.id, LotRules(paid_ahead=True))
    pages = {"ahead": "/pay/quay/ahead", "ahead-find": "/pay/quay?begun=1"}

    def page_of(session: ParkingSession) -> str:
        return f"/pay/stays/{make_token(secret_key(settings), session.id, now)}"

    begun = await pay_ahead.begin(clients, lot, "PKH4827", now + timedelta(hours=2), "10.0.0.1", now)
    checkout = await checkouts.start_checkout(clients, settings, begun.id, "", now, now + timedelta(hours=2))
    await finish(clients, settings, checkout, now)
    pages |= {"ahead-paid": page_of(begun), "checkout-ahead": f"/pay/checkouts/{checkout.id}"}
    for name, minutes in (("over", 1), ("ended", 60)):
        over = {"paid_until": now - timedelta(minutes=minutes), "begun_by": "driver"}
        pages[f"ahead-{name}"] = page_of(await save_stay(lot, f"{name.upper()}77", 150, **over))
    pages["ahead-choose"] = page_of(await save_stay(lot, "CAM4711", 12))
    slow = await save_stay(lot := await save_paid_lot(CHEAP, slug="yard", name="Yard"), "SLOW77", 200)
    pages |= {"stay-on-its-way": page_of(slow), "stay-small": page_of(await save_stay(lot, "FEW77", 5))}
    checkout = await checkouts.start_checkout(clients, settings, slow.id, "", now)
    await fetch("UPDATE payment SET state = 'processing' WHERE quote = (SELECT MAX(id) FROM quote)")
    return pages


async def _account(lot: Lot, now: datetime) -> dict[str, str]:
    """A driver with two vehicles, one of them disputed; `sign_in` signs them in, too."""
    driver = await driver_rows.ensure_driver("kim@example.org", "en", now)
    await driver_rows.add_sign_in(digest(DRIVER_TOKEN), driver.id, now, now + timedelta(days=1))
    other = await driver_rows.ensure_driver("eva@example.org", "en", now)
    for plate in ("KIM2002", "PKH77"):
        await vehicle_rows.add_vehicle(driver.id, plate, ProvenBy.TICKET, now - timedelta(days=9))
    await vehicle_rows.add_claim(other.id, "PKH77", ProvenBy.TICKET, 1, now)
    for hours in (30, 60):
        ended = {"state": SessionState.CLOSED, "exited_at": now - timedelta(hours=hours - 2)}
        await save_stay(lot, "KIM2002", hours * 60, **ended)
    return {"account": "/account", "account-settings": "/account/settings"} | await kept_cards.shown(driver, now)


async def _checkouts(settings: Settings, clients: Clients, lot: Lot, now: datetime) -> dict[str, str]:
    pages = {}
    for state in PaymentState:
        session = await save_stay(lot, f"CO{state.upper()[:5]}", 148)
        if state is PaymentState.PAID:
            checkout = await pay(clients, settings, session, now)
            told = await checkouts.find_checkout(checkout.id)
            await refunds.refund_payment(clients, settings, checkout.id, 150, "The lift stood still", None, now)
            pages["receipt"] = f"/receipts/{told.receipt_id}"
            (note,) = (await receipts.get_receipt(str(told.receipt_id))).notes
            pages["credit-note"] = f"/credit-notes/{note.public_id}"
        else:
            checkout = await checkouts.start_checkout(clients, settings, session.id, "kim@example.org", now)
            await fetch(
                "UPDATE payment SET state = {} WHERE quote = (SELECT id FROM quote WHERE public_id = {})",
                state.value,
                checkout.id,
            )
        pages[f"checkout-{state}"] = f"/pay/checkouts/{checkout.id}"
        if state is PaymentState.OPEN:
            pages["checkout-cancelled"] = f"/pay/checkouts/{checkout.id}?cancelled=1"
            pages["sandbox"] = checkout.url
    return pages


@dataclass(frozen=True)
class ShownHouse:
    """A running web process, and the paths of what it shows to everybody and to staff, by name."""

    address: str
    public: dict[str, str]
    staff: dict[str, str]
    is_furnished: bool = True


async def _leave_bare(settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    await open_database(settings)
    await save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
    await close_database()
    return {"bare-home": "/"}, {name: path for name, path in rare.BARE.items() if path != "/"}


@contextmanager
def shown_house(*, bare: bool = False) -> Iterator[ShownHouse]:
    """Furnished, and with the page of all components; ``bare``: as it is before anything has been set up."""
    with tempfile.TemporaryDirectory() as folder, servers.redis() as socket:
        settings = load_settings(
            data_dir=Path(folder), redis_url=f"unix://{socket}", port=free_port(), log_level="error"
        )
        set_up_logs(settings)

        async def make() -> tuple[dict[str, str], dict[str, str]]:
            await migrate(settings)
            return await (_leave_bare(settings) if bare else furnish(settings, every=True))

        public, staff = asyncio.run(make())
        if not bare:
            staff["styleguide"] = "/styleguide"
        given = {
            "PARKHUB_DATA_DIR": folder,
            "PARKHUB_REDIS_URL": settings.redis_url,
            "PARKHUB_PORT": str(settings.port),
            "PARKHUB_DEVELOPMENT": "true",
            "PARKHUB_LOG_LEVEL": "error",
            "PARKHUB_WATCH_ROOTS": "/srv/cameras",
        }
        command = [sys.executable, "-m", "uvicorn", "--factory", "parkhub.app:create_app", "--log-level", "error"]
        web = subprocess.Popen([*command, "--port", str(settings.port)], env={**os.environ, **given})
        try:
            wait_for(lambda: _answers(settings.address), "the web process")
            yield ShownHouse(settings.address, public, staff, is_furnished=not bare)
        finally:
            web.terminate()
            web.wait(60)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/health/live").close()
    except OSError:
        return False
    return True


async def sign_in(page: Page, email: str = EMAIL) -> None:
    """As the owner of `furnish` or somebody else with its password, and as its driver."""
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/console")
    await page.context.add_cookies([{"name": "driver", "value": DRIVER_TOKEN, "url": page.url}])
