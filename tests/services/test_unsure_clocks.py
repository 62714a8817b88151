"""Pictures of which nobody knows when they were taken: kept, but nothing follows from them without a person."""

from datetime import timedelta

import pytest
from builders import NOW, after, save_camera, save_frame, save_session, seen, stand_ins
from gated import a_side
from paying import a_stay, later
from plate_scenes import read

from parkhub.clients import Clients
from parkhub.db import cameras, counts, frames, passages, spots
from parkhub.db import ledger as ledger_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.cameras import Camera, CameraRole, Gate, Inward
from parkhub.domain.frames import FrameStatus
from parkhub.domain.gates import SeenCar, cars_in
from parkhub.domain.ledger import Account
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import SessionState
from parkhub.domain.spots import Debounce, SpotState
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.services import barrier_openings, barriers, payments
from parkhub.services import passages as passage_service
from parkhub.services.looks import Saved, Seen, save_look

pytestmark = pytest.mark.usefixtures("database")
SIZE = (1000, 500)


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def car(text: str) -> SeenCar:
    found = cars_in([read(text, (400, 200, 120, 30), 0.9)], [Vehicle(VehicleKind.CAR, 0.8, (250, 0, 400, 300))], SIZE)
    return found[0]


async def look(
    clients: Clients, camera: Camera, at_s: float, *cars: SeenCar, unsure: bool = True, state: SpotState | None = None
) -> Saved:
    frame = await save_frame(camera, captured_at=after(at_s), received_at=after(at_s), clock_unsure=unsure)
    observations = seen(state, "A1") if state else ()
    saved = await save_look(clients, frame.id, Seen(observations, 1.0, cars=cars))
    await passage_service.give(clients, saved.accepted, after(at_s))
    return saved


async def a_gate(role: CameraRole) -> Camera:
    return await save_camera(gate=Gate(role, inward=Inward.DOWN, reads_min=2))


async def test_such_a_picture_changes_no_spot_and_is_never_the_last_look(clients: Clients) -> None:
    camera = await save_camera(spots_seen=1, debounce=Debounce(1, 1))
    await look(clients, camera, 0, unsure=False, state=SpotState.FREE)
    saved = await look(clients, camera, 10, state=SpotState.OCCUPIED)
    assert (saved.status, saved.changes) == (FrameStatus.LATE, ())
    assert (await spots.load_tracks(camera.id))["A1"].state is SpotState.FREE
    assert (await cameras.get_camera(camera.id)).last_captured_at == NOW
    assert len(await counts.list_counts(camera.id, NOW - timedelta(days=1), after(1e6))) == 1


async def test_the_first_picture_of_all_changes_nothing_either(clients: Clients) -> None:
    camera = await save_camera(spots_seen=1, debounce=Debounce(1, 1))
    await look(clients, camera, 0, state=SpotState.OCCUPIED)
    assert (await spots.load_tracks(camera.id))["A1"].state is SpotState.UNKNOWN
    assert await frames.latest_read(camera.id) is None


async def test_it_does_not_overtake_a_picture_that_waits(clients: Clients) -> None:
    camera = await save_camera()
    frame = await save_frame(camera, captured_at=NOW)
    await save_frame(camera, captured_at=after(5), clock_unsure=True)
    assert not await frames.newer_waits(frame, NOW - timedelta(hours=1))


@pytest.mark.parametrize("role", [CameraRole.ENTRANCE, CameraRole.EXIT])
async def test_a_car_at_a_gate_is_asked_about_once_and_nothing_is_charged(clients: Clients, role: CameraRole) -> None:
    camera = await a_gate(role)
    inside = await save_session(camera.lot_id, "KA417XM", entered_at=NOW - timedelta(hours=3))
    for n in range(4):
        await look(clients, camera, n / 5, car("KA417XM"))
    [review] = await review_rows.list_open(camera.lot_id)
    assert review.question is Question.CLOCK
    assert (await session_rows.get_session(inside.id)).state is SessionState.OPEN
    assert await session_rows.count_open(camera.lot_id) == 1
    assert await ledger_rows.list_of_session(inside.id) == []
    [passage] = await passages.list_passages(camera.id, NOW - timedelta(days=1), after(1e6))
    assert (passage.clock_unsure, passage.reason) == (True, "its camera did not know the time")


async def test_pictures_of_sure_and_unsure_times_never_make_one_car(clients: Clients) -> None:
    camera = await a_gate(CameraRole.ENTRANCE)
    for n in range(4):
        await look(clients, camera, n / 5, car("KA417XM"), unsure=bool(n % 2))
        await look(clients, camera, n / 5 + 0.1, car("KA417XM"), unsure=bool(n % 2))
    found = await passages.list_passages(camera.id, NOW - timedelta(days=1), after(1e6))
    assert sorted((each.clock_unsure, each.frames) for each in found) == [(False, 4), (True, 4)]
    assert await session_rows.count_open(camera.lot_id) == 1


async def test_one_that_no_later_picture_decides_is_decided_by_the_clock(clients: Clients) -> None:
    camera = await a_gate(CameraRole.EXIT)
    for n in range(2):
        await look(clients, camera, n / 5, car("KA417XM"))
    accepted = await passage_service.close_passages(clients, after(60))
    await passage_service.give(clients, accepted, after(60))
    assert [each.question for each in await review_rows.list_open(camera.lot_id)] == [Question.CLOCK]


async def test_no_barrier_takes_it_for_a_car_that_stands_before_it(clients: Clients) -> None:
    side = await a_side()
    stay = await a_stay(side.lot)
    await payments.pay(stay.id, 400, Account.CASH, "cash-in-the-box", later(90))
    passage = await side.saw("AB123", later(95), clock_unsure=True)
    await passage_service.give(clients, [passage.id], later(96))
    await barrier_openings.passed(clients, passage, later(96))
    await barrier_openings.open_waiting(clients, later(97))
    assert await side.openings() == []
    assert (await barriers.look(side.barrier, later(97))).passage is None
