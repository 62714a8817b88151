"""What was counted of a lot's days equals what happened, on both databases."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from builders import a_new_spot, save_camera, save_frame, save_lot, stand_ins
from paying import TARIFF

from parkhub.db import counts as count_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lots as lot_rows
from parkhub.db import passages
from parkhub.db import report_spots as spot_rows
from parkhub.db import reports as rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.counts import FrameCount
from parkhub.domain.entries import CHARGES
from parkhub.domain.ledger import Account
from parkhub.domain.local_time import day_span
from parkhub.domain.lots import Lot, OccupancySample
from parkhub.domain.passages import GatePassage, PassageState
from parkhub.domain.report_periods import Length, around
from parkhub.domain.report_spots import SpotSums
from parkhub.domain.report_tables import tables
from parkhub.domain.reports import Measure, Part
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.services import better_views, billing, payments, reports, tariffs
from parkhub.services.report_counts import load_counts

AT = datetime(2026, 10, 24, 6, tzinfo=UTC)  # the day before the clocks go back
NOW = AT + timedelta(days=3)
CHANGE = date(2026, 10, 25)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def lot(database) -> Lot:
    found = await save_lot()
    await tariffs.publish(found.id, None, TARIFF, AT - timedelta(days=1), None, AT)
    return found


async def park(lot: Lot, at: datetime, minutes: int, plate: str = "") -> ParkingSession:
    """A stay that is over and charged."""
    version = await tariff_rows.find_in_force(lot.id, None, at)
    assert version is not None
    stay = ParkingSession(
        0, new_ticket(), lot.id, plate, None, SessionState.OPEN, Ending.NONE, at, tariff_id=version.id
    )
    stay = await session_rows.add_session(stay)
    left = replace(stay, state=SessionState.CLOSED, ending=Ending.EXIT, exited_at=at + timedelta(minutes=minutes))
    async with transaction():
        await session_rows.save_session(left)
        await billing.settle(left, f"session:{stay.id}:exit", left.exited_at or at)
    return left


async def everything(lot: Lot) -> tuple[object, ...]:
    hours = await rows.list_hours(lot.id, AT - timedelta(days=9), NOW + timedelta(days=9))
    counted = {at: each for at, each in hours.items() if each.entries or each.exits or each.samples}
    return await rows.sum_facts(lot.id, date(2026, 1, 1), date(2027, 1, 1)), counted


async def test_sums_of_reports_are_sums_of_the_ledger(lot, settings):
    chance = random.Random(7)
    for number in range(12):
        stay = await park(lot, AT + timedelta(minutes=chance.randrange(3000)), chance.randrange(1, 900))
        owed = (await billing.get_bill(stay.id, NOW)).books.open_cents
        paid_at = stay.exited_at + timedelta(minutes=chance.randrange(2000))
        if owed and chance.random() < 0.7:
            await payments.pay(stay.id, owed, Account.CASH, f"paid:{number}", paid_at)
            if chance.random() < 0.3:
                await payments.refund(stay.id, owed // 2, Account.CASH, "broken", f"back:{number}", None, paid_at)
    await reports.keep_lot(lot, settings, NOW)
    for offset in range(-1, 5):
        day = CHANGE + timedelta(days=offset)
        span = day_span(day, BERLIN)
        facts = await rows.sum_facts(lot.id, day, day + timedelta(days=1))
        posted = await ledger_rows.sum_postings(lot.id, span.start, span.end)
        assert {key: value for key, value in facts.items() if key[0] is Measure.POSTED} == {
            (Measure.POSTED, f"{each.kind}/{each.account}", each.currency): each.amount_cents for each in posted
        }
        charged = {Account.REVENUE, Account.TAX_PAYABLE}
        gross = -sum(each.amount_cents for each in posted if each.kind in CHARGES and each.account in charged)
        assert sum(value for key, value in facts.items() if key[0] is Measure.LINES) == gross


async def test_the_day_on_which_clocks_go_back_has_25_hours(lot, settings):
    span = day_span(CHANGE, BERLIN)
    for hour in range(25):
        await lot_rows.save_sample(OccupancySample(lot.id, span.start + timedelta(hours=hour), 4, 6, 0))
        await park(lot, span.start + timedelta(hours=hour, minutes=30), 5)
    await reports.rebuild(lot, settings, NOW)
    hours = await rows.list_hours(lot.id, span.start, span.end)
    assert len(hours) == 25
    assert {(each.entries, each.exits, each.occupied, each.samples) for each in hours.values()} == {(1, 1, 6, 1)}
    twice = (await rows.sum_by_clock(lot.id, CHANGE, CHANGE + timedelta(days=1)))[6, 2]
    assert (twice.entries, twice.occupancy) == (2, 0.6)


async def test_what_is_learnt_late_changes_the_day_it_belongs_to(lot, settings):
    stay = await park(lot, AT, 70)
    await reports.keep_lot(lot, settings, NOW)
    before = await everything(lot)
    moved = replace(stay, entered_at=AT - timedelta(days=1))
    async with transaction():
        await session_rows.save_session(moved)
        await billing.correct(moved, "corrected", NOW)
    await reports.keep_lot(lot, settings, NOW)
    by_day = await rows.sum_by_day(lot.id, date(2026, 10, 1), date(2026, 11, 1))
    assert (by_day[date(2026, 10, 23)].entries, by_day[date(2026, 10, 24)].entries) == (1, 0)
    kept = await everything(lot)
    assert kept != before
    await reports.rebuild(lot, settings, NOW)
    assert await everything(lot) == kept


async def test_counting_again_changes_nothing(lot, settings):
    await park(lot, AT, 70)
    await reports.keep_lot(lot, settings, NOW)
    first = await everything(lot)
    assert await reports.count_part(lot, CHANGE, Part.STAYS, NOW) == 1
    await reports.rebuild(lot, settings, NOW)
    assert await everything(lot) == first
    assert await rows.list_stale(lot.id, 10) == []


async def test_what_was_there_before_anything_was_counted_is_counted_bit_by_bit(lot, settings):
    await park(lot, AT, 70)
    later = NOW + timedelta(days=2 * reports.HISTORY_DAYS)
    await fetch("DELETE FROM report_stale")
    await reports.keep_lot(lot, settings, later)
    assert await rows.sum_by_day(lot.id, date(2026, 10, 1), date(2026, 10, 30)) == {}
    for _ in range(2):
        await reports.keep_lot(lot, settings, later)
    by_day = await rows.sum_by_day(lot.id, date(2026, 10, 1), date(2026, 10, 30))
    assert by_day[date(2026, 10, 24)].entries == 1


async def test_what_has_expired_stays_counted(lot, settings):
    camera = await save_camera(lot, [a_new_spot("A1")], name="Mast")
    await reports.count_part(lot, CHANGE, Part.CAMERAS, AT + timedelta(days=1))
    label = (Measure.CAMERA_SLOTS, str(camera.id), "")
    assert (await rows.sum_facts(lot.id, CHANGE, NOW.date()))[label] > 0
    await park(lot, AT, 70)
    late = "INSERT INTO report_stale (lot, at, part) VALUES ({}, {}, 'cameras')"
    await fetch(late, lot.id, AT + timedelta(days=1))
    await reports.keep_lot(lot, settings, NOW + timedelta(days=500))
    assert await rows.list_stale(lot.id, 10) == []
    await reports.rebuild(lot, settings, NOW + timedelta(days=500), date(2027, 12, 1))
    await reports.rebuild(lot, settings, NOW + timedelta(days=30))
    assert (await rows.sum_facts(lot.id, CHANGE, CHANGE + timedelta(days=1)))[label] > 0


async def test_months_sum_what_their_days_have(lot, settings):
    for days in (0, 1, 20, 40):
        await park(lot, AT + timedelta(days=days), 70)
    await reports.keep_lot(lot, settings, NOW)
    since, until = date(2026, 10, 1), date(2027, 1, 1)
    summed: dict[tuple[date, str], int] = {}
    for day, fact in await rows.list_facts(lot.id, Measure.POSTED, since, until):
        key = day.replace(day=1), fact.label
        summed[key] = summed.get(key, 0) + fact.value
    by_month = await rows.sum_by_month(lot.id, Measure.POSTED, since, until)
    assert {(day, fact.label): fact.value for day, fact in by_month} == summed
    assert len({day for day, _ in by_month}) == 3


CHANGED = (
    "INSERT INTO spot_change (lot, spot, before, after, at, confidence, by_hand) VALUES ({}, {}, {}, {}, {}, 1, FALSE)"
)


async def test_turnover_is_told_by_place_and_one_that_two_cameras_see_is_one(lot, settings):
    await save_camera(lot, [a_new_spot("A1"), a_new_spot("A2")], name="South")
    await save_camera(lot, [a_new_spot("N1")], name="North")
    await better_views.join(stand_ins(), None, lot.id, "A1", "N1", AT)
    ids = {row["name"]: row["id"] for row in await fetch("SELECT id, name FROM spot")}
    start = day_span(CHANGE, BERLIN).start
    for hour, before, after in ((2, "unknown", "free"), (3, "free", "occupied"), (5, "occupied", "free")):
        for name in ("A1", "N1"):
            await fetch(CHANGED, lot.id, ids[name], before, after, start + timedelta(hours=hour))
    await fetch(CHANGED, lot.id, ids["A1"], "free", "occupied", start + timedelta(hours=24))
    for _ in range(2):  # counting anew adds nothing
        await reports.count_part(lot, CHANGE, Part.PLACES, NOW)
    await reports.count_part(lot, CHANGE + timedelta(days=1), Part.PLACES, NOW)
    found = {each.name: each for each in await spot_rows.sum_spots(lot.id, CHANGE, CHANGE + timedelta(days=2))}
    assert set(found) == {"A1", "A2"}
    first, idle = found["A1"], found["A2"]
    assert (first.sums.arrivals, first.days, first.turnover) == (2, 2, 1.0)
    hour = 3600
    assert first.sums == SpotSums(2, 20 * hour, (2 + 1 + 24) * hour, 2 * hour)  # the first day has 25 hours
    assert (idle.turnover, idle.occupancy, idle.unseen) == (0, None, 1)
    counts = await load_counts(lot, around(Length.DAY, CHANGE), by_spot=True)
    assert sum(each.sums.arrivals for each in counts.spots) == counts.labels(Measure.ZONE_ARRIVALS)[""] == 2
    by_month = await fetch(
        "SELECT month, sum(days) AS days, sum(arrivals) AS arrivals FROM report_spot_month GROUP BY 1"
    )
    assert [(row["month"], row["days"], row["arrivals"]) for row in by_month] == [(CHANGE.replace(day=1), 4, 2)]
    month = CHANGE.replace(day=1)
    spans = [(month, 31), (month - timedelta(days=20), 60), (CHANGE, 2), (month - timedelta(days=5), 400)]
    told = [await spot_rows.sum_spots(lot.id, since, since + timedelta(days=days)) for since, days in spans]
    assert [sorted(each, key=lambda spot: spot.name) for each in told] == [[first, idle]] * 4
    assert await spot_rows.sum_spots(lot.id, month, CHANGE) == []
    await fetch("DELETE FROM spot_view")
    await fetch("UPDATE spot SET retired = TRUE WHERE id = {}", ids["A1"])
    assert len(await spot_rows.sum_spots(lot.id, CHANGE, NOW.date())) == 2


async def table_rows(lot, ident):
    counts = await load_counts(lot, around(Length.WEEK, CHANGE), by_spot=True)
    [found] = [table for table in tables(counts, None) if table.id == ident]
    return dict(found.rows)


async def test_a_camera_is_up_for_the_five_minutes_it_has_pictures_of(lot, settings):
    camera = await save_camera(lot, [a_new_spot("A1")], name="Mast")
    start = day_span(CHANGE, BERLIN).start
    for number in range(30):
        at = start + timedelta(minutes=10 * number)
        frame = await save_frame(camera, number, captured_at=at)
        await count_rows.add_count(FrameCount(lot.id, camera.id, frame.id, at, False, 1, 0, 0, None))
    trouble = "INSERT INTO camera_trouble (camera, trouble, began_at, ended_at) VALUES ({}, 'dark', {}, {})"
    await fetch(trouble, camera.id, start - timedelta(hours=1), start + timedelta(minutes=90))
    await reports.count_part(lot, CHANGE, Part.CAMERAS, NOW)
    assert await table_rows(lot, "cameras") == {"Mast": (30 / 300, 90)}


async def test_plates_are_told_by_how_many_were_read_and_how_surely(lot, settings):
    gate = await save_camera(lot, name="Gate", gate=Gate(role=CameraRole.ENTRANCE))
    accepted, rejected = PassageState.ACCEPTED, PassageState.REJECTED
    seen = [
        ("PKH1", accepted, "", 0.9),
        ("PKH2", accepted, "asked", 0.7),
        ("", accepted, "", 0),
        ("X", rejected, "", 0),
    ]
    for plate, state, outcome, sure in seen:
        passage = GatePassage(
            0, lot.id, gate.id, None, plate, sure, (), None, AT, AT, 3, outcome, state=state, decided_at=AT
        )
        await passages.save_passage(passage)
    await reports.count_part(lot, AT.date(), Part.GATES, NOW)
    found = await table_rows(lot, "gates")
    assert {name: [round(value, 6) for value in values] for name, values in found.items()} == {
        "Gate": [3, round(2 / 3, 6), 0.8, 1, 1]
    }


async def test_permits_are_counted_with_the_time_they_parked(lot, settings):
    for number, (right, permit) in enumerate(
        (("permit", 4), ("permit", 4), ("permit", 5), ("staff", None), ("", None))
    ):
        stay = await park(lot, AT + timedelta(minutes=number), 30)
        await fetch('UPDATE parking_session SET "right" = {}, permit = {} WHERE id = {}', right, permit, stay.id)
    await reports.count_part(lot, AT.date(), Part.STAYS, NOW)
    assert await table_rows(lot, "rights") == {"Paying": (1, 30), "Permit": (3, 90), "Staff": (1, 30)}
    counts = await load_counts(lot, around(Length.DAY, AT.date()))
    assert counts.facts[Measure.PERMITS_USED, "", ""] == 2
