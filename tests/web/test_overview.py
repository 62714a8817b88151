"""The live view's stream: what it tells whole, what it tells of a change, and to whom."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from builders import a_track, save_account, save_camera, save_frame, save_lot
from drivers import save_paid_lot, save_stay
from litestar import Litestar
from visitors import Visitor

from parkhub.db import frames as frame_rows
from parkhub.db import reviews as review_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import fetch
from parkhub.domain.frames import FrameStatus
from parkhub.domain.ledger import Account
from parkhub.domain.reviews import Question
from parkhub.domain.rights import Role
from parkhub.domain.sessions import Ending, SessionState
from parkhub.domain.spots import SpotState
from parkhub.errors import NotFoundError
from parkhub.services import payments
from parkhub.web.overview import OverviewSource, load_overview, source_of, update


@pytest.fixture(autouse=True)
async def running(app: Litestar) -> None:
    """The application, whose database is open for the test too."""


async def test_a_lot_is_told_in_numbers_and_letters_and_then_by_what_has_changed() -> None:
    now = datetime.now(UTC)
    lot = await save_paid_lot(name="Harbour")
    camera = await save_camera(lot, 3)
    tracks = [a_track("A1", SpotState.FREE, seen_at=now), a_track("A2", SpotState.OCCUPIED, seen_at=now)]
    await spot_rows.save_tracks(camera.id, tracks)
    session = await save_stay(lot, "AB1234", 0.01)
    ids = frozenset({lot.id})
    before = await load_overview(OverviewSource(ids, ids), now)
    (told,) = (update(before, None) or {})["lots"].values()
    assert (told["states"], told["text"]["free"]) == ("fou", "1")
    assert (told["text"]["entered"], told["text"]["inside"], told["text"]["taken"]) == ("1", "1", "nothing")
    assert update(await load_overview(OverviewSource(ids, ids), now), before) is None

    await spot_rows.save_tracks(camera.id, [a_track("A2", SpotState.FREE, seen_at=now)])
    await payments.pay(session.id, 200, Account.CASH, "till-0001", datetime.now(UTC))
    after = await load_overview(OverviewSource(ids, ids), now)
    changed = update(after, before) or {}
    (told,) = changed["lots"].values()
    assert told == {"spots": {"1": "f"}, "text": {"free": "2", "taken": "€2.00"}}
    assert (changed["text"]["free"], changed["text"]["taken"], "shape" in changed) == ("2", "€2.00", False)
    old = await load_overview(OverviewSource(ids, ids), now + timedelta(days=2))
    assert old.lots[0].states == "uuu"


async def test_only_stays_of_today_are_counted_and_only_real_ones() -> None:
    now = datetime.now(UTC)
    lot = await save_paid_lot(time_zone="UTC")
    for plate, minutes, given in (
        ("OLD1", 3 * 24 * 60, {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": now}),
        ("NEVER1", 0.01, {"state": SessionState.CANCELLED}),
        ("HERE1", 3 * 24 * 60, {}),
    ):
        await save_stay(lot, plate, minutes, **given)
    (shown,) = (await load_overview(OverviewSource(frozenset({lot.id}), frozenset()), now)).lots
    assert (shown.entered, shown.left, shown.inside, shown.taken) == (0, 1, 1, None)


async def test_people_are_told_of_their_lots_and_of_money_only_by_their_right() -> None:
    now = datetime.now(UTC)
    lot, _ = await save_lot(), await save_lot()
    owner, attendant = await save_account("o@x.org"), await save_account("a@x.org", Role.ATTENDANT)
    assert len((await source_of(owner)).lot_ids) == 2
    source = await source_of(attendant)
    assert source.money_ids == frozenset()
    mine = OverviewSource(frozenset({lot.id}), frozenset())
    view = await mine.read()
    assert "taken" not in view.text
    assert [each.lot.id for each in view.lots] == [lot.id]
    await review_rows.ask(lot.id, Question.TOO_LONG, None, None, (), now)
    frame = mine.tell(await mine.read(), view)
    assert frame is not None
    told = msgspec.json.decode(frame.partition(b"data: ")[2])
    assert (told["text"], set(told)) == ({"waiting": "1"}, {"text", "shape", "recent"})


async def test_who_sees_every_lot_comes_back_for_one_that_is_new() -> None:
    mine = await save_lot()
    everywhere = await source_of(await save_account("o@x.org"))
    here = await source_of(await save_account("a@x.org", Role.ATTENDANT, lot_ids=frozenset({mine.id})))
    await save_lot()
    with pytest.raises(NotFoundError, match="Another car park"):
        await everywhere.read()
    assert [each.lot.id for each in (await here.read()).lots] == [mine.id]


async def test_what_happened_last_is_told_in_words_the_newest_first_and_plates_only_by_the_right() -> None:
    now = datetime.now(UTC)
    lot, other = await save_paid_lot(name="Harbour", time_zone="UTC"), await save_lot(name="Mill")
    ended = {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": now - timedelta(minutes=1)}
    await save_stay(lot, "OUT1", 43.5, **ended)
    inside = await save_stay(lot, "IN1", 5)
    await save_stay(await save_lot(), "ELSE1", 1)
    await payments.pay(inside.id, 200, Account.CASH, "till-0001", now)
    await review_rows.ask(other.id, Question.TOO_LONG, None, None, (), now - timedelta(minutes=2))
    ids = frozenset({lot.id, other.id})
    view = await load_overview(OverviewSource(ids, ids, ids), now)
    assert [each[1:4] for each in view.recent] == [
        ("IN1", "paid €2.00", "Harbour"),
        ("OUT1", "went out", "Harbour, after 42 min"),
        ("", "Asked: Is it still there?", "Mill"),
        ("IN1", "came in", "Harbour"),
        ("OUT1", "came in", "Harbour"),
    ]
    assert view.recent[2][4] == ""
    assert (await load_overview(OverviewSource(ids, ids, ids, ids), now)).recent[2][4] == "/console/review"
    assert view.recent[0][0] == f"{now:%H:%M}"
    assert view.recent[0][4] == f"/console/sessions/{inside.id}"
    blind = await load_overview(OverviewSource(frozenset({lot.id}), frozenset()), now)
    assert [each[1:4] for each in blind.recent][:2] == [("•••", "paid", ""), ("•••", "went out", "after 42 min")]
    assert "IN1" not in str(update(blind, None))
    assert (update(blind, None) or {})["recent"] == blind.recent
    assert "recent" not in (update(replace(blind, waits_s=9), blind) or {})
    await save_stay(lot, "NEW1", 0)
    later = await load_overview(OverviewSource(frozenset({lot.id}), frozenset()), now)
    assert (update(later, blind) or {})["recent"][0][1:3] == ("•••", "came in")


async def test_who_may_not_see_plates_watches_a_stream_of_their_own() -> None:
    await save_lot()
    sees = await source_of(await save_account("o@x.org", Role.OPERATOR))
    blind = await source_of(await save_account("a@x.org", Role.OPERATOR, sees_plates=False))
    assert (len(sees.plate_ids), len(blind.plate_ids)) == (1, 0)
    assert sees.key != blind.key


async def test_a_camera_has_its_pace_and_the_queue_how_long_it_waits() -> None:
    now = datetime.now(UTC)
    camera = await save_camera(await save_lot())
    for age_s in (5, 30, 70):
        frame = await save_frame(camera, captured_at=now, received_at=now - timedelta(seconds=age_s))
    ids = frozenset({camera.lot_id})
    view = await load_overview(OverviewSource(ids, frozenset()), now)
    assert view.cameras[0].per_minute == 2
    assert view.text["queue"] == "pictures wait for 1 min"
    assert (update(view, None) or {})["cameras"][camera.public_id][-1] == 2
    await frame_rows.finish_frame(frame.id, FrameStatus.READ, 1.0, (), "")
    assert (await load_overview(OverviewSource(ids, frozenset()), now)).text["queue"] == "pictures wait for 30 s"
    later = await load_overview(OverviewSource(ids, frozenset()), now + timedelta(seconds=40))
    assert later.cameras[0].per_minute == 1
    await fetch("UPDATE frame SET status = 'read'")
    assert (await load_overview(OverviewSource(ids, frozenset()), now)).text["queue"] == "no picture waits"


async def test_the_page_leads_to_what_waits(staff: Visitor, attendant: Visitor) -> None:
    now = datetime.now(UTC)
    lot = await save_paid_lot(name="Harbour")
    await save_camera(lot, 2)
    await review_rows.ask(lot.id, Question.TOO_LONG, None, None, (), now)
    shown = (await staff.get("/console")).text
    assert 'data-events="/console/events"' in shown
    assert 'href="/console/review"' in shown
    assert "Taken today" in shown
    await save_lot(name="Mill")
    assert "Mill has no camera" in (await staff.get("/console")).text
    theirs = (await attendant.get("/console")).text
    assert "Taken today" not in theirs
    assert "Mill has no camera" not in theirs
