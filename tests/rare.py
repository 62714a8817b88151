"""Rarer states of pages: another currency, long names, a full car park, other people's eyes, answers to forms."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from builders import a_new_spot, a_track, save_account, save_camera, save_frame, save_lot, save_recording, stand_ins
from drivers import save_paid_lot, save_stay
from playwright.async_api import Page
from visitors import PASSWORD

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import drivers as driver_rows
from parkhub.db import frames, lots, recordings, spots
from parkhub.domain.accounts import Account
from parkhub.domain.frames import FrameStatus
from parkhub.domain.ledger import Account as Book
from parkhub.domain.lots import Lot
from parkhub.domain.recordings import RecordingStatus
from parkhub.domain.rights import Role
from parkhub.domain.spots import BayPlan, BayShape, SpotState
from parkhub.domain.stay_tokens import make_token
from parkhub.secret_key import secret_key
from parkhub.services import accounts, payments, people, session_corrections
from parkhub.services.drivers import digest
from parkhub.services.people import PersonForm
from parkhub.settings import Settings

YEN = """
currency: JPY
exit_grace_minutes: 15
cap: {price: "2400", per: 24h}
bands: [{name: Day and night, rate: {type: per_started, minutes: 30, price: "300"}}]
"""
LONG: Final = "Shibuya Station East Exit Underground Car Park and Bicycle Garage"
SUMMARY: Final = {
    "title": "Monday morning, north mast",
    "engine": "classifier",
    "model": "",
    "size": [1280, 720],
    "fps": 25.0,
    "frame_count": 700,
    "duration_s": 28.0,
    "every_s": 0.5,
    "versions": {"parkhub": "0.1.0"},
    "warnings": ["2 pictures were damaged and were left out."],
    "spot_count": 3,
    "sample_count": 56,
    "change_count": 2,
    "free_at_end": 1,
    "occupied_at_end": 1,
    "unknown_at_end": 1,
    "spots": [
        {
            "id": f"A{at}",
            "state": state,
            "occupied_share": 0.3,
            "free_share": 0.7,
            "unknown_share": 0,
            "change_count": 1,
        }
        for at, state in enumerate(("free", "occupied", "unknown"), 1)
    ],
    "changes": [],
    "series": [
        {"t_s": at * 2.0, "free": 3 - at // 5, "occupied": at // 5, "unknown": int(at > 11)} for at in range(15)
    ],
}
OWN: Final = ("account-link", "choose-password", "camera-gate", "camera-reads", "recording-done")
"""Pages that are built like no other; the rest are other states of pages that are shown anyway."""
READER, MEADOW = "reader@example.org", "meadow@example.org"
LINK, NEW_DRIVER = "a-link-that-was-sent", "a driver without anything"
BARE: Final = {
    f"bare-{path.rpartition('/')[2] or 'home'}": path
    for path in (
        *("/", "/console", "/console/review", "/console/sessions", "/console/lots", "/console/cameras"),
        *("/console/barriers", "/console/prices", "/console/patrol", "/console/recordings", "/console/reports"),
        *("/console/money", "/console/people", "/console/keys", "/console/system", "/console/guide", "/console/nodes"),
        *(
            "/console/recordings/pictures",
            "/console/recordings/folders",
            "/console/system/jobs",
            "/console/sessions/new",
        ),
    )
}
"""What a house shows in which there is nothing but the owner's account."""
EYES: Final = {
    READER: ("reader", ("/console", "/console/sessions", "/console/sessions?state=open", "/console/cameras")),
    MEADOW: ("attendant", ("/console", "/console/sessions", "/console/review", "/console/lots", "/console/patrol")),
}
"""What people of fewer rights look at: by e-mail, what the pictures are called after, and the paths."""


async def shown(
    clients: Clients, settings: Settings, account: Account, now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Make them; addresses by name of what everybody sees, and of what staff see."""
    yen = await save_paid_lot(YEN, slug="shibuya", name=LONG, address="渋谷 2-24-12, Shibuya", time_zone="Asia/Tokyo")
    full = await _full(now)
    stay = await save_stay(yen, "JPN4827", 2000)
    paid = await save_stay(yen, "JPN1000", 700)
    await payments.pay(paid.id, 2400, Book.CASH, "rare-yen", now - timedelta(minutes=3))
    await session_corrections.close_by_hand(clients, paid.id, now - timedelta(minutes=1), "seen leaving", None, now)
    wrong = await save_stay(yen, "", 20)
    await session_corrections.cancel(clients, wrong.id, "a sign was read as a plate", None, now)
    invited = await people.invite(
        stand_ins(), settings, account, "new@example.org", PersonForm("New", "attendant", True, True), now
    )
    link = driver_rows.Link("kim@example.org", None, "en", "/account")
    await driver_rows.add_link(digest(LINK), link, now + timedelta(days=1))
    await driver_rows.add_sign_in(
        digest(NEW_DRIVER),
        (await driver_rows.ensure_driver("new@example.org", "en", now)).id,
        now,
        now + timedelta(days=1),
    )
    gate = next(each for each in await camera_rows.list_cameras() if each.name == "Entrance gate")
    fresh = await save_camera(full, name="Ramp")
    public = {
        "lot-full": "/lots/full",
        "find-no-prices": "/pay/meadow",
        "stay-yen": f"/pay/stays/{make_token(secret_key(settings), stay.id, now)}",
        "display-zone": "/display/harbour/Deck%20A",
        "display-full": "/display/full",
        "display-unknown": "/display/meadow",
        "account-link": f"/account/enter/{LINK}",
        "choose-password": urlsplit(invited.link).path,
    }
    staff = {
        "session-yen": f"/console/sessions/{stay.id}",
        "session-left": f"/console/sessions/{paid.id}",
        "session-cancelled": f"/console/sessions/{wrong.id}",
        "sessions-long": "/console/sessions?lot=shibuya",
        "tariff-yen": "/console/lots/shibuya/tariff",
        "tariff-empty": "/console/lots/meadow/tariff",
        "permits-empty": "/console/lots/meadow/permits",
        "codes-empty": "/console/lots/meadow/codes",
        "bookings-empty": "/console/lots/meadow/bookings",
        "plate-lists-empty": "/console/lots/meadow/plates",
        "views-empty": "/console/lots/meadow/views",
        "plan-empty": "/console/lots/meadow/plan",
        "camera-gate": f"/console/cameras/{gate.public_id}",
        "camera-gate-care": f"/console/cameras/{gate.public_id}/care",
        "camera-reads": f"/console/cameras/{gate.public_id}/reads",
        "camera-fresh": f"/console/cameras/{fresh.public_id}",
        "camera-spots-empty": f"/console/cameras/{fresh.public_id}/spots",
        "reads-empty": f"/console/cameras/{fresh.public_id}/reads",
        "audit-none": "/console/system/audit?action=nothing",
        "recording-done": await _recording(clients, account, now),
        "money-yen": "/console/money?lot=shibuya",
        "reports-year": "/console/reports?lot=harbour&length=year&against=before",
        "display-set-up-empty": "/console/lots/meadow/displays",
    }
    await _eyes()
    return public, staff


async def _full(now: datetime) -> Lot:
    lot = await save_lot(slug="full", name="Full Yard", address="Yard 1")
    marked = [
        a_new_spot(f"F{at}", plan=BayPlan(BayShape.MOUTH_UP, 20 + 22 * at, 40, 22, 46), zone="Yard") for at in range(8)
    ]
    camera = await save_camera(lot, marked, name="Wall", stale_after_s=86_400)
    await spots.save_tracks(
        camera.id, [a_track(spot.name, SpotState.OCCUPIED, seen_at=now, since=now) for spot in marked]
    )
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await frames.finish_frame(frame.id, FrameStatus.READ, 9.0, [], "")
    await camera_rows.set_last_look(camera.id, frame.id, now)
    return lot


async def _recording(clients: Clients, account: Account, now: datetime) -> str:
    made = await save_recording(account, now - timedelta(hours=2))
    await recordings.start_recording(made.id, now, now)
    await recordings.finish_recording(made.id, 1, RecordingStatus.DONE, SUMMARY, "", now)
    return f"/console/recordings/{made.id}"


async def _eyes() -> None:
    meadow = next(each.id for each in await lots.list_lots() if each.slug == "meadow")
    password = await accounts.hash_password(PASSWORD)
    await save_account(READER, Role.READ_ONLY, password)
    await save_account(MEADOW, Role.ATTENDANT, password, lot_ids=frozenset({meadow}))


Keep = Callable[[str], Awaitable[None]]


async def answers(page: Page, keep: Keep) -> None:
    """Send forms as the owner, who has signed in, and keep what comes: it has no address."""
    for name, plate in (("paid", "PKH4902"), ("inside", "PKH4827"), ("unknown", "NOBODY1")):
        await page.goto("/console/patrol?lot=gated" if name == "paid" else "/console/patrol?lot=desk")
        await page.locator("[name=plate]").fill(plate)
        await _send(page, "main form", f"patrol-{name}", keep)
    for name, path, fields in (
        ("sessions-found", "/console/sessions", {"q": "4827"}),
        ("sessions-not-found", "/console/sessions", {"q": "ZZZZ"}),
        ("new-lot-wrong", "/console/lots/new", {"name": "X", "opening_hours": "always"}),
        ("camera-key", "/console/cameras/new", {"name": "Roof"}),
        ("key-shown", "/console/keys/new", {"name": "Sign at the road"}),
        ("person-wrong", "/console/people/new", {"name": "Bo", "email": "bo"}),
        ("person-link", "/console/people/new", {"name": "Bo", "email": "bo@example.org"}),
        ("new-session-wrong", "/console/sessions/new", {"plate": "A" * 3}),
    ):
        await page.goto(path)
        for field, text in fields.items():
            await page.locator(f"main [name={field}]").first.fill(text)
        await _send(page, "main form:has([name])", name, keep)
    await page.goto("/console/lots/new")
    await page.context.clear_cookies(name="parkhub")
    await _send(page, "main form:has([name])", "signed-out", keep)


async def _send(page: Page, form: str, name: str, keep: Keep) -> None:
    await page.locator(form).first.evaluate("(form) => { form.noValidate = true; form.requestSubmit(); }")
    await page.wait_for_timeout(700)
    await keep(name)
