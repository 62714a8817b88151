"""A made-up day driven through the product's own services, and its account: what became of every car.

The day's truth is known, so that a car charged for another one's stay is found.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lots as lot_rows
from parkhub.db import matching as matching_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.frames import Frame, NewFrame
from parkhub.domain.ledger import Account
from parkhub.domain.matching import match
from parkhub.domain.passages import Direction
from parkhub.domain.plates import Candidate
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError
from parkhub.services import billing, cameras, ledger, lots, passages, payments, sessions, tariffs
from parkhub.services.cameras import GateForm
from parkhub.services.looks import Seen, save_look
from parkhub.services.simulated_traffic import Barrier, Car, Day, Event, Machine, Picture

SLUG: Final = "simulated-day"
GATES: Final = {Direction.ENTRY: "Entrance", Direction.EXIT: "Exit"}
CLOSE_EVERY: Final = timedelta(seconds=10)
JUST_LEFT: Final = timedelta(minutes=30)
LET_GO: Final = 25  # one of so many who have not paid is let go
NO_PICTURE: Final = hashlib.sha256(b"").hexdigest()
TARIFF: Final = """
name: A simulated day
currency: EUR
entry_grace_minutes: 5
exit_grace_minutes: 15
cap: {price: "15.00", per: day}
tax: {percent: "19"}
bands: [{name: Parking, rate: {type: per_started, minutes: 30, price: "1.20"}}]
"""


@dataclass(frozen=True, slots=True)
class World:
    """Where the day happens: a lot with its two cameras."""

    lot_id: int
    cameras: Mapping[Direction, int]


@dataclass(frozen=True, slots=True)
class DayAccount:
    """What became of the cars. ``by_end``: how many ended as paid, open, in review, waived or unseen.

    ``wrong``: sessions that hold two cars or a price that is not their stay's. ``twice``: cars charged more than once.
    ``faults``: of the ledger, in sentences.
    """

    by_end: Mapping[str, int]
    sessions: int
    wrong: int
    twice: int
    faults: tuple[str, ...]
    balances: Mapping[str, int]


async def build(midnight: datetime) -> World:
    """Make the lot; ConflictError when there is any lot: what happens here is never deleted from the ledger."""
    if await lot_rows.list_lots():
        raise ConflictError("A simulated day needs an empty database. Name another data folder or database.")
    lot = await lots.create_lot("A simulated day", "Made up", "Europe/Berlin", SLUG)
    gates = {}
    for direction, name in GATES.items():
        role = "entrance" if direction is Direction.ENTRY else "exit"
        camera, _ = await cameras.create_camera(SLUG, name, gate=GateForm(role=role))
        gates[direction] = camera.id
    await tariffs.publish(lot.id, None, TARIFF, midnight, None, midnight)
    return World(lot.id, gates)


async def find() -> World:
    """The lot that `build` has made."""
    lot = await lot_rows.find_lot(SLUG)
    assert lot is not None
    by_name = {camera.name: camera.id for camera in await camera_rows.list_cameras(lot.id)}
    return World(lot.id, {direction: by_name[name] for direction, name in GATES.items()})


async def run(clients: Clients, world: World, day: Day, start: int, done: Callable[[int], None]) -> None:
    """Let the events happen from the ``start``-th on; each may have happened before, in part or whole."""
    closed_at = datetime.min.replace(tzinfo=day.cars[0].enters_at.tzinfo)
    for number, event in enumerate(day.events[start:], start):
        at = event.arrives_at if isinstance(event, Picture) else event.at
        await _happen(clients, world, day, event)
        if at - closed_at >= CLOSE_EVERY:
            closed_at = at
            await _close_passages(clients, at)
        done(number)


async def finish(clients: Clients, world: World, day: Day) -> None:
    """The evening: passages end, and debts that a late picture brought are waived, because nobody stands there."""
    evening = max(event.arrives_at if isinstance(event, Picture) else event.at for event in day.events)
    for minutes in (5, 10, 15):
        await _close_passages(clients, evening + timedelta(minutes=minutes))
    for session in await _all_sessions(world):
        if (await ledger_rows.get_books(session.id)).open_cents and session.state is SessionState.CLOSED:
            reason = "the network was away when it left"
            await payments.waive(session.id, None, reason, f"evening:{session.id}", None, evening)


async def account(world: World, day: Day) -> DayAccount:
    """What became of every car, held against what is known of it."""
    truth = await _truth(world, day)
    asked = await review_rows.list_open(world.lot_id, limit=100_000)
    reviewed_passages = {review.passage_id for review in asked}
    reviewed_sessions = {review.session_id for review in asked}
    ends: dict[int, str] = {}
    charged, wrong = Counter[int](), 0
    for passage_id in truth.keys() & reviewed_passages:
        ends[truth[passage_id]] = "in_review"
    found = [session for session in await _all_sessions(world) if session.state is not SessionState.CANCELLED]
    for session in found:
        car = truth.get(session.entry_passage_id) if session.entry_passage_id else None
        assert car is not None, "a session of no car"
        books = await ledger_rows.get_books(session.id)
        if books.charged_cents:
            charged[car] += 1
        wrong += await _is_wrong(session, car, truth, day)
        if session.id in reviewed_sessions or ends.get(car) == "in_review":
            ends[car] = "in_review"
        elif session.state is SessionState.OPEN:
            ends[car] = "open"
        elif books.forgone_cents:
            ends[car] = "waived"
        else:
            ends[car] = "owing" if books.open_cents else "paid"
    by_end = Counter(ends.get(car.number, "unseen") for car in day.cars)
    balances = {account.value: cents for (_, account), cents in (await ledger_rows.get_balances(world.lot_id)).items()}
    faults = tuple(await ledger.verify(world.lot_id))
    return DayAccount(by_end, len(found), wrong, sum(n > 1 for n in charged.values()), faults, balances)


async def _is_wrong(session: ParkingSession, car: int, truth: Mapping[int, int], day: Day) -> bool:
    """Whether a session holds another car's exit, or was charged what its stay does not cost."""
    if not session.is_priced or session.exit_passage_id is None or session.exited_at is None:
        return False
    if truth.get(session.exit_passage_id) != car:
        return True
    bill = await billing.get_bill(session.id, session.exited_at)
    costs = bill.quote.gross_cents if bill.quote else 0
    stayed = session.exited_at - session.entered_at
    leaves_at = day.cars[car].leaves_at
    true = leaves_at - day.cars[car].enters_at if leaves_at else stayed
    return bill.books.charged_cents != costs or abs(stayed - true) > timedelta(minutes=1)


async def _truth(world: World, day: Day) -> dict[int, int]:
    """Which car each passage shows, by the pictures it was made of."""
    shown = {(p.gate, p.sequence): p.car for p in day.events if isinstance(p, Picture)}
    found: dict[int, int] = {}
    first, last = day.cars[0].enters_at - timedelta(days=1), day.cars[-1].enters_at + timedelta(days=3)
    for gate, camera_id in world.cameras.items():
        for passage in await passage_rows.list_passages(camera_id, first, last):
            frames = [await frame_rows.get_frame(read.frame_id) for read in await passage_rows.list_reads(passage.id)]
            cars = Counter(shown[gate, frame.sequence] for frame in frames)
            if cars:  # two cars with nearly the same plate may be one passage
                found[passage.id] = cars.most_common(1)[0][0]
    return found


async def _happen(clients: Clients, world: World, day: Day, event: Event) -> None:
    if isinstance(event, Picture):
        frame = await _store(world, event)
        saved = await save_look(clients, frame.id, Seen((), 1.0, cars=(event.seen,)))
        for passage_id in saved.accepted:
            await sessions.take_passage(clients, passage_id, event.arrives_at)
    elif isinstance(event, Machine):
        await _pay_at_machine(world, day.cars[event.car], event)
    else:
        await _pay_at_barrier(world, day.cars[event.car], event)


async def _store(world: World, picture: Picture) -> Frame:
    camera_id = world.cameras[picture.gate]
    new = NewFrame(
        camera_id=camera_id,
        sequence=picture.sequence,
        captured_at=picture.captured_at,
        received_at=picture.arrives_at,
        sha256=NO_PICTURE,
        byte_count=1,
        width=1280,
        height=720,
        media_type="image/jpeg",
        picture_key=f"{SLUG}/{picture.gate.value}/{picture.sequence}.jpg",
    )
    frame = await frame_rows.add_frame(new) or await frame_rows.find_frame(camera_id, picture.sequence)
    assert frame is not None
    return frame


async def _close_passages(clients: Clients, now: datetime) -> None:
    for passage_id in {*await passages.close_passages(clients, now), *await passages.list_untaken(now)}:
        await sessions.take_passage(clients, passage_id, now)


async def _pay_at_machine(world: World, car: Car, event: Machine) -> None:
    """The driver types the plate; one that was misread is found if it can be no other."""
    inside = await matching_rows.list_inside(world.lot_id, event.at)
    found = match([Candidate(car.plate, 1.0)], 1.0, inside).clear
    if found is not None:
        due = (await billing.get_bill(found, event.at)).due_cents
        if due > 0:
            await payments.pay(found, due, Account.CASH, f"machine:{car.number}", event.at)


async def _pay_at_barrier(world: World, car: Car, event: Barrier) -> None:
    gone = await matching_rows.list_just_left(world.lot_id, event.at - JUST_LEFT, event.at)
    found = match([Candidate(car.plate, 1.0)], 1.0, gone).clear
    if found is None:
        return
    owed = (await billing.get_bill(found, event.at)).books.open_cents
    if owed and car.number % LET_GO:
        await payments.pay(found, owed, Account.CASH, f"barrier:{car.number}", event.at)
    elif owed:
        await payments.waive(found, None, "the card reader was broken", f"barrier:{car.number}", None, event.at)


async def _all_sessions(world: World) -> list[ParkingSession]:
    found: list[ParkingSession] = []
    ever, never = datetime.fromisoformat("1970-01-01T00:00Z"), datetime.fromisoformat("9999-01-01T00:00Z")
    before = 2**62
    while page := await session_rows.list_sessions(world.lot_id, None, ever, never, before, 1000):
        found += page
        before = page[-1].id
    return found[::-1]
