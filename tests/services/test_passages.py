"""Sightings at a gate become passages, on both databases, whatever order and however often they come."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from builders import NOW, after, save_camera, save_frame, save_lot, stand_ins
from plate_scenes import Box, read

from parkhub.clients import Clients
from parkhub.db import passages as rows
from parkhub.db import sessions
from parkhub.db.engine import fetch
from parkhub.domain.cameras import Camera, CameraRole, Gate, Inward
from parkhub.domain.frames import FrameStatus
from parkhub.domain.gates import SeenCar, cars_in
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import PlateRead
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.services import passages
from parkhub.services.looks import Saved, Seen, save_look
from parkhub.settings import Settings

SIZE = (1000, 500)
CAR = VehicleKind.CAR


def car(text: str, box: Box = (400, 200, 120, 30), confidence: float = 0.9) -> SeenCar:
    """A car with its crop, the bytes of the text."""
    (found,) = cars_in([read(text, box, confidence)], [Vehicle(CAR, 0.8, (box[0] - 150, box[1] - 200, 400, 300))], SIZE)
    return SeenCar(found.read, found.kind, b"\x89PNG " + f"{text} {confidence}".encode())


def bare(box: Box = (300, 100, 400, 300)) -> SeenCar:
    """A car that shows no plate."""
    (found,) = cars_in([], [Vehicle(CAR, 0.8, box)], SIZE)
    return SeenCar(found.read, found.kind, b"\xff\xd8 bare")


async def gate(role: CameraRole = CameraRole.ENTRANCE, reads_min: int = 2, inward: Inward = Inward.DOWN) -> Camera:
    return await save_camera(gate=Gate(role, inward=inward, reads_min=reads_min))


async def see(
    clients: Clients, camera: Camera, at_s: float, *cars: SeenCar, received_at: datetime | None = None
) -> Saved:
    frame = await save_frame(camera, captured_at=after(at_s), received_at=received_at or after(at_s))
    return await save_look(clients, frame.id, Seen((), 1.0, cars=cars))


async def all_of(camera: Camera) -> list[GatePassage]:
    return await rows.list_passages(camera.id, NOW - timedelta(days=1), NOW + timedelta(days=1))


async def texts(camera: Camera) -> list[tuple[str, str]]:
    return [(p.plate, p.state.value) for p in await all_of(camera)]


async def test_a_car_is_accepted_as_soon_as_three_pictures_agree_and_lasts_on(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    found = [(await see(clients, camera, n / 5, car("KA417XM"))).accepted for n in range(6)]
    assert [len(ids) for ids in found] == [0, 0, 1, 0, 0, 0]
    (passage,) = await all_of(camera)
    assert (passage.plate, passage.direction, passage.kind) == ("KA417XM", Direction.ENTRY, CAR)
    assert (passage.first_at, passage.last_at, passage.frames) == (NOW, after(1), 6)
    assert passage.why == "3 of 3 pictures read this plate"
    assert found[2] == (passage.id,)
    assert len(await rows.list_reads(passage.id)) == 3


async def test_a_doubtful_car_is_decided_once_it_is_gone_by_all_it_showed(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n, text in enumerate(["KA417XW", "KA417XM", "KA417XM", "KA411XM"]):
        assert not (await see(clients, camera, n / 5, car(text, confidence=0.6))).accepted
    assert not (await see(clients, camera, 8.5)).accepted
    assert (await see(clients, camera, 8.7)).accepted
    assert await texts(camera) == [("KA417XM", "accepted")]


async def test_what_was_read_once_is_kept_with_the_reason_and_believed_if_another_picture_comes_late(
    database: Settings,
) -> None:
    clients, camera = stand_ins(), await gate()
    await see(clients, camera, 0, car("KA417XM"))
    await see(clients, camera, 9)
    (passage,) = await all_of(camera)
    assert (passage.state, passage.outcome, passage.reason) == (PassageState.REJECTED, "rejected", "read once only")
    await see(clients, camera, 0.5, car("KA417XM"), received_at=after(9.5))
    await see(clients, camera, 20)
    (passage,) = await all_of(camera)
    assert (passage.state, passage.outcome) == (PassageState.ACCEPTED, "")


async def test_late_pictures_in_any_order_join_where_they_belong(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    moments = [(0.0, "KA417XM"), (20.0, "BD52KTV"), (0.4, "KA417XM"), (20.4, "BD52KTV"), (20.2, "BD52KTV")]
    for number, (at_s, text) in enumerate([*moments, (0.2, "KA417XM")]):
        await see(clients, camera, at_s, car(text), received_at=after(1000 + number))
    assert await texts(camera) == [("KA417XM", "accepted"), ("BD52KTV", "accepted")]
    assert [(p.first_at, p.last_at, p.frames) for p in await all_of(camera)] == [
        (NOW, after(0.4), 3),
        (after(20), after(20.4), 3),
    ]


async def test_a_car_parked_in_view_is_one_passage_and_makes_no_more_rows(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    accepted = []
    for n in range(100):
        accepted += (await see(clients, camera, 50.0 * n, car("KA417XM", confidence=0.7 + n % 3 / 10))).accepted
    (passage,) = await all_of(camera)
    assert (passage.frames, passage.last_at, accepted) == (100, after(4950), [passage.id])
    assert len(await rows.list_reads(passage.id)) < 10
    assert len([key for key in clients.pictures.files if key.startswith("passages/")]) == 1  # type: ignore[attr-defined]


async def test_of_a_doubtful_car_in_view_no_more_than_the_surest_reads_are_kept(sqlite_open: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n in range(100):
        await see(clients, camera, n / 5, car("KA417XM", confidence=0.4 + n / 1000))
    (passage,) = await rows.list_undecided(camera.id)
    reads = await rows.list_reads(passage.id)
    assert (passage.frames, len(reads), min(one.read.confidence for one in reads)) == (100, 60, 0.44)


async def test_the_crop_is_of_the_surest_picture_of_the_text_that_won(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n, (text, sure) in enumerate([("KA417XW", 0.8), ("KA417XM", 0.6), ("KA417XM", 0.7), ("KA417XM", 0.65)]):
        await see(clients, camera, n / 5, car(text, confidence=sure))
    await see(clients, camera, 10)
    (passage,) = await all_of(camera)
    kept = {k: v for k, v in clients.pictures.files.items() if k.startswith("passages/")}  # type: ignore[attr-defined]
    assert kept == {passage.crop_key: b"\x89PNG KA417XM 0.7"}
    assert [one.crop_key for one in await rows.list_reads(passage.id) if one.crop_key] == [passage.crop_key]
    assert await passages.delete_orphans(clients) == 0
    await clients.pictures.put("passages/20261121/10/4711-0.png", b"of no row")
    assert await passages.delete_orphans(clients) == 1
    assert await clients.pictures.get(passage.crop_key) == b"\x89PNG KA417XM 0.7"


@pytest.mark.parametrize("together", [False, True], ids=["again", "at once"])
async def test_a_frame_taken_twice_leaves_the_same_rows(database: Settings, together: bool) -> None:
    clients, camera = stand_ins(), await gate()
    for n in range(3):
        frame = await save_frame(camera, captured_at=after(n / 5), received_at=after(n / 5))
        looks = [save_look(clients, frame.id, Seen((), 1.0, cars=(car("KA417XM"), car("BD52KTV", (100, 50, 90, 25)))))]
        looks.append(save_look(clients, frame.id, Seen((), 1.0, cars=(car("KA417XM"),))))
        done = await asyncio.gather(*looks) if together else [await look for look in looks]
        assert sorted(str(saved.status) for saved in done) == ["None", FrameStatus.READ.value]
    plates = await texts(camera)
    assert ("KA417XM", "accepted") in plates
    assert len({text for text, _ in plates}) == len(plates)
    assert (await fetch("SELECT count(*) AS n FROM plate_read"))[0]["n"] in range(3, 7)


async def test_two_workers_with_two_frames_of_one_camera_make_one_passage(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    done = await asyncio.gather(*(see(clients, camera, n / 5, car("KA417XM")) for n in range(8)))
    assert len({passage for saved in done for passage in saved.accepted}) == 1
    assert [(p.plate, p.frames) for p in await all_of(camera)] == [("KA417XM", 8)]


async def test_when_it_breaks_in_the_middle_nothing_is_kept_and_the_next_try_keeps_all(
    database: Settings,
) -> None:
    class Full(type(stand_ins().pictures)):  # type: ignore[misc]
        async def put(self, key: str, data: bytes) -> None:
            raise OSError("the disk is gone")

    clients, camera = stand_ins(), await gate()
    frame = await save_frame(camera)
    broken = Clients(Full(), clients.queue, clients.live, clients.limiter)
    with pytest.raises(OSError, match="gone"):
        await save_look(broken, frame.id, Seen((), 1.0, cars=(car("KA417XM"),)))
    assert await all_of(camera) == []
    assert (await save_look(clients, frame.id, Seen((), 1.0, cars=(car("KA417XM"),)))).status is FrameStatus.READ
    assert await texts(camera) == [("KA417XM", "open")]


async def test_two_tracks_that_turn_out_to_be_one_car_become_one_passage(database: Settings) -> None:
    """The same plate in two overlapping boxes of each picture."""
    clients, camera = stand_ins(), await gate()
    for n in range(4):
        twice = [car("KA417XM", (400, 200, 120, 30), 0.6), car("KA417XM", (430, 205, 120, 30), 0.5)]
        await see(clients, camera, n / 5, *twice)
    assert (await see(clients, camera, 10)).accepted
    assert [(p.plate, p.frames, p.why) for p in await all_of(camera)] == [
        ("KA417XM", 4, "4 of 4 pictures read this plate")
    ]


async def test_two_cars_with_like_plates_side_by_side_are_two(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n in range(4):
        await see(clients, camera, n / 5, car("KA417XM", (100, 200, 120, 30)), car("KA417XN", (700, 200, 120, 30)))
    await see(clients, camera, 10)
    assert sorted(await texts(camera)) == [("KA417XM", "accepted"), ("KA417XN", "accepted")]


async def test_a_car_without_a_plate_is_a_passage_without_one(database: Settings) -> None:
    clients, camera = stand_ins(), await gate(CameraRole.EXIT)
    for n in range(3):
        await see(clients, camera, n / 5, bare())
    await see(clients, camera, 10, bare((20, 0, 350, 400)))
    await see(clients, camera, 20)
    first, second = await all_of(camera)
    assert (first.plate, first.direction, first.kind, first.state) == ("", Direction.EXIT, CAR, PassageState.ACCEPTED)
    assert first.why == "no plate: a vehicle without one in 3 pictures"
    assert first.crop_key.endswith(".jpg")
    assert (second.state, second.reason) == (PassageState.REJECTED, "no plate, seen once only")


async def test_a_car_whose_plate_is_seen_only_near_by_is_one_passage_with_the_plate(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n in range(3):
        await see(clients, camera, n / 5, bare((280, 30, 400, 300)))
    for n in range(3, 6):
        await see(clients, camera, n / 5, car("KA417XM"))
    for n in range(6, 9):
        await see(clients, camera, n / 5, bare((260, 60, 420, 400)))
    await see(clients, camera, 20)
    assert [(p.plate, p.state.value, p.frames) for p in await all_of(camera)] == [("KA417XM", "accepted", 9)]


@pytest.mark.parametrize(
    ("tops", "direction"),
    [((50, 120, 200, 300), Direction.ENTRY), ((300, 220, 120, 40), Direction.EXIT), ((200, 201, 199, 200), None)],
    ids=["in", "out", "stood"],
)
async def test_where_cars_go_both_ways_the_movement_tells_which(
    database: Settings, tops: Sequence[float], direction: Direction | None
) -> None:
    clients, camera = stand_ins(), await gate(CameraRole.BOTH)
    for n, top in enumerate(tops):
        await see(clients, camera, n / 2, car("KA417XM", (400, top, 120, 30)))
    await see(clients, camera, 20)
    assert [(p.plate, p.direction) for p in await all_of(camera)] == [("KA417XM", direction)]


async def test_upkeep_decides_when_no_more_pictures_come_but_not_while_some_wait(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n in range(2):
        await see(clients, camera, n / 5, car("KA417XM"))
    assert await passages.close_passages(clients, after(8)) == []
    waiting = await save_frame(camera, captured_at=after(0.4))
    assert await passages.close_passages(clients, after(60)) == []
    await save_look(clients, waiting.id, Seen((), 1.0))
    (passage_id,) = await passages.close_passages(clients, after(60))
    assert await passages.close_passages(clients, after(60)) == []
    assert await passages.list_untaken(after(60)) == []
    assert await passages.list_untaken(after(100)) == [passage_id]
    await rows.set_outcome(passage_id, "entered", "It came in.", 7)
    assert await passages.list_untaken(after(100)) == []


async def test_what_became_of_a_passage_outlives_later_pictures_of_it(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    for n in range(3):
        await see(clients, camera, n / 5, car("KA417XM"))
    (passage,) = await all_of(camera)
    await rows.set_outcome(passage.id, "entered", "It came in.", 7)
    await see(clients, camera, 1, car("KA417XM"))
    kept = await rows.get_passage(passage.id)
    assert (kept.outcome, kept.reason, kept.session_id, kept.frames) == ("entered", "It came in.", 7, 4)


async def test_an_overview_camera_makes_no_passages(database: Settings) -> None:
    clients, camera = stand_ins(), await save_camera()
    for n in range(4):
        assert not (await see(clients, camera, n / 5, car("KA417XM"))).accepted
    assert await all_of(camera) == []


async def test_reads_come_back_as_they_were_kept(database: Settings) -> None:
    clients, camera = stand_ins(), await gate()
    seen_car = car("KA417XM")
    await see(clients, camera, 0, seen_car)
    (passage,) = await all_of(camera)
    (kept,) = await rows.list_reads(passage.id)
    assert (kept.read, kept.kind, kept.number) == (seen_car.read, CAR, 0)
    assert isinstance(kept.read, PlateRead)


@pytest.mark.parametrize("order", ["0123", "3012", "3210", "2301", "1320"])
async def test_a_stay_begins_and_ends_when_its_car_was_first_seen_in_whatever_order_pictures_come(
    database: Settings, order: str
) -> None:
    clients, lot = stand_ins(), await save_lot()
    for role, start_s in ((CameraRole.ENTRANCE, 0.0), (CameraRole.EXIT, 3600.0)):
        camera = await save_camera(lot, gate=Gate(role))
        for number, look in enumerate(map(int, order)):
            received_at = after(start_s + 1000 + number)
            saved = await see(clients, camera, start_s + 0.6 * look, car("KA417XM"), received_at=received_at)
            await passages.give(clients, saved.accepted, received_at)
    (session,) = await sessions.list_sessions(lot.id, None, NOW - timedelta(days=1), after(9999), 2**60, 10)
    assert (session.entered_at, session.exited_at) == (NOW, after(3600))
