"""Retention, on both databases: what has passed its time goes, what is needed stays, a killed run is taken up again."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from builders import NOW, save_camera, save_frame, save_lot, stand_ins

from parkhub.clients import Clients
from parkhub.clients.pictures import MemoryStore
from parkhub.db import cameras, lot_rules, passages, quotes, retention, reviews, sessions
from parkhub.db.engine import fetch, transaction
from parkhub.domain import entries
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.gates import GateRead
from parkhub.domain.ledger import Account, Kind, Posting
from parkhub.domain.local_time import Span
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.matching import Suggestion
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate, PlateRead, fold
from parkhub.domain.quotes import Quote
from parkhub.domain.retention import hash_plate, plate_key
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.services import retention as service
from parkhub.services.audit import list_entries, note
from parkhub.services.ledger import Event, post_event
from parkhub.services.retention import preview, run, run_all
from parkhub.services.sessions import take_passage

SECRET = "s" * 40
RULES = LotRules(picture_keep_days=7, read_keep_days=14, paid_keep_days=30, unpaid_keep_days=90)
PLATE = "BAB120"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def gate(database: Any) -> Camera:
    """An entrance of a lot with `RULES`."""
    camera = await save_camera()
    await cameras.set_gate(camera.id, Gate(CameraRole.ENTRANCE))
    await lot_rules.save_rules(camera.lot_id, RULES)
    return camera


def days_ago(days: float):
    return NOW - timedelta(days=days)


async def stay(lot_id: int, days: float, plate: str = PLATE, **given: Any) -> ParkingSession:
    """A session that ended so many days ago and cost nothing."""
    usual: dict[str, Any] = {
        "id": 0,
        "ticket": new_ticket(),
        "lot_id": lot_id,
        "plate": plate,
        "kind": None,
        "state": SessionState.CLOSED,
        "ending": Ending.EXIT,
        "entered_at": days_ago(days + 0.1),
        "exited_at": days_ago(days),
    }
    return await sessions.add_session(ParkingSession(**{**usual, **given}))


async def post(session: ParkingSession, kind: Kind, days: float, decide: Any) -> None:
    uid = f"{session.id}:{kind.value}:{days}"
    assert await post_event(Event(uid, session.lot_id, session.id, kind, "EUR", days_ago(days)), decide)


async def charge(session: ParkingSession, days: float) -> None:
    postings = (Posting(Account.RECEIVABLE, 500), Posting(Account.REVENUE, -500))
    await post(session, Kind.CHARGE, days, lambda books: postings)


async def pay(session: ParkingSession, days: float) -> None:
    await post(session, Kind.PAYMENT, days, lambda books: entries.payment(books, 500, Account.CLEARING))


async def drive_by(
    camera: Camera, clients: Clients, days: float, session_id: int | None = None, **given: Any
) -> GatePassage:
    """A decided passage with one read and its crop."""
    frame = await save_frame(camera, captured_at=days_ago(days), received_at=days_ago(days))
    key = f"crops/{frame.id}.png"
    await clients.pictures.put(frame.picture_key, b"picture")
    await clients.pictures.put(key, b"crop")
    usual: dict[str, Any] = {
        "id": 0,
        "lot_id": camera.lot_id,
        "camera_id": camera.id,
        "direction": Direction.ENTRY,
        "plate": PLATE,
        "confidence": 0.9,
        "candidates": (Candidate(PLATE, 0.9),),
        "kind": None,
        "first_at": days_ago(days),
        "last_at": days_ago(days),
        "frames": 1,
        "outcome": "entered",
        "session_id": session_id,
        "frame_id": frame.id,
        "crop_key": key,
        "crop_sha256": "ab" * 32,
        "state": PassageState.ACCEPTED,
        "heard_at": days_ago(days),
        "decided_at": days_ago(days),
    }
    passage_id = await passages.save_passage(GatePassage(**{**usual, **given}))
    box = (0.1, 0.1, 0.2, 0.1)
    corners = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.2), (0.1, 0.2))
    read = PlateRead(PLATE, 0.9, box, corners, (), ())
    await passages.save_reads(passage_id, [GateRead(frame.id, 1, days_ago(days), read, None, key, "ab" * 32)])
    return await passages.get_passage(passage_id)


async def correct(session: ParkingSession, days: float) -> None:
    """Somebody corrected the session's plate."""
    async with transaction():
        await note(
            "session.plate_changed",
            account_id=None,
            lot_id=session.lot_id,
            subject=f"session:{session.id}",
            before={},
            after={},
            at=days_ago(days),
            plates=("BAB12O", PLATE),
        )


async def plates_left() -> list[str]:
    return [row["plate"] for row in await fetch("SELECT plate FROM parking_session ORDER BY id")]


async def count(table: str) -> int:
    return int((await fetch(f"SELECT count(*) AS n FROM {table}"))[0]["n"])


async def kept(clients: Clients, lot_id: int) -> dict[str, int]:
    """What a run deletes, without the kinds of which it deletes nothing."""
    planned = await preview(lot_id, NOW)
    done = await run(clients, SECRET, lot_id, NOW, "somebody")
    assert done == planned  # whatever a dry run says happens
    return {each.kind.value: each.deleted for each in done if each.deleted}


STAYS = {
    "paid, not long enough ago": (29, {}, ("charge", "pay"), True),
    "paid, long ago": (31, {}, ("charge", "pay"), False),
    "free, long ago": (31, {}, (), False),
    "unpaid, not long enough ago": (89, {}, ("charge",), True),
    "unpaid, long ago": (91, {}, ("charge",), False),
    "not priced, as its exit was missed": (89, {"ending": Ending.EXIT_MISSED}, (), True),
    "not priced, long ago": (91, {"ending": Ending.EXIT_MISSED}, (), False),
    "cancelled, long ago": (31, {"state": SessionState.CANCELLED, "exited_at": None}, (), False),
    "open for however long": (900, {"state": SessionState.OPEN, "ending": Ending.NONE, "exited_at": None}, (), True),
}


@pytest.mark.parametrize(("days", "given", "posted", "stays"), STAYS.values(), ids=STAYS)
async def test_a_plate_is_kept_while(gate, clients, days, given, posted, stays):
    session = await stay(gate.lot_id, days, **given)
    for step in posted:
        await {"charge": charge, "pay": pay}[step](session, days)
    await kept(clients, gate.lot_id)
    assert await plates_left() == ([PLATE] if stays else [""])


async def test_of_a_plate_only_a_keyed_hash_stays_by_which_a_vehicle_is_known_again(gate, clients):
    for plate in (PLATE, "BAB12O", "XY1"):
        await stay(gate.lot_id, 31, plate)
    await kept(clients, gate.lot_id)
    rows = await fetch("SELECT plate, folded, plate_hash FROM parking_session ORDER BY id")
    assert {(row["plate"], row["folded"]) for row in rows} == {("", "")}
    first, misread, other = (row["plate_hash"] for row in rows)
    assert first == misread == hash_plate(plate_key(SECRET, gate.lot_id), fold(PLATE))
    assert other != first


async def test_a_plate_waits_for_the_days_after_the_last_payment(gate, clients):
    session = await stay(gate.lot_id, 60)
    await charge(session, 60)
    await pay(session, 10)
    assert await kept(clients, gate.lot_id) == {}
    assert await plates_left() == [PLATE]


async def test_a_plate_in_dispute_stays_until_the_dispute_is_decided(gate, clients):
    session = await stay(gate.lot_id, 60)
    passage = await drive_by(gate, clients, 60, session.id)
    await charge(session, 60)
    await pay(session, 60)
    await post(session, Kind.DISPUTE, 50, lambda books: entries.dispute(books, 500))
    assert await kept(clients, gate.lot_id) == {"gate_pictures": 1}
    assert await clients.pictures.get(passage.crop_key)
    await post(session, Kind.DISPUTE_LOST, 40, lambda books: entries.dispute_lost(books, 500))
    assert await kept(clients, gate.lot_id) == {"crops": 1, "reads": 1, "paid_plates": 1}


@pytest.mark.parametrize("about", ["the session", "its passage"])
async def test_what_a_question_is_about_stays_until_it_is_decided(gate, clients, about):
    passage = await drive_by(gate, clients, 40)
    session = await stay(gate.lot_id, 40, exit_passage_id=passage.id)
    await passages.set_outcome(passage.id, "left", "", session.id)
    named = (None, session.id) if about == "the session" else (passage.id, None)
    await reviews.ask(gate.lot_id, Question.EXIT_MISSED, *named, (), days_ago(40))
    assert await kept(clients, gate.lot_id) == {"gate_pictures": 1}
    (question,) = await reviews.list_open(gate.lot_id)
    await reviews.decide(question.id, "no matter", None, NOW)
    assert await kept(clients, gate.lot_id) == {"crops": 1, "reads": 1, "paid_plates": 1}
    assert await plates_left() == [""]


async def test_pictures_go_first_then_reads_and_files_go_with_their_rows(gate, clients):
    recent, older, oldest = [await drive_by(gate, clients, days) for days in (6, 8, 15)]
    assert await kept(clients, gate.lot_id) == {"gate_pictures": 2, "crops": 2, "reads": 1}
    assert await passages.get_passage(recent.id) == recent
    bare = await passages.get_passage(older.id)
    assert (bare.plate, bare.crop_key) == (PLATE, "")
    assert [read.crop_key for read in await passages.list_reads(older.id)] == [""]
    assert not await fetch("SELECT id FROM passage WHERE id = {}", oldest.id)
    assert await count("plate_read") == 2
    assert isinstance(clients.pictures, MemoryStore)
    assert len(clients.pictures.files) == 2
    assert recent.crop_key in clients.pictures.files


async def test_a_passage_of_which_nobody_has_said_what_became_of_it_stays(gate, clients):
    await drive_by(gate, clients, 40, outcome="")
    await drive_by(gate, clients, 40, outcome="", state=PassageState.OPEN, decided_at=None)
    await drive_by(gate, clients, 40, outcome="", state=PassageState.REJECTED)
    assert await kept(clients, gate.lot_id) == {"gate_pictures": 3, "crops": 1, "reads": 1}


async def test_with_a_session_s_plate_goes_all_that_could_tell_it(gate, clients):
    await lot_rules.save_rules(gate.lot_id, LotRules(paid_keep_days=30, read_keep_days=300))
    session = await stay(gate.lot_id, 31)
    passage = await drive_by(gate, clients, 31, session.id)
    await correct(session, 20)
    assert await kept(clients, gate.lot_id) == {
        "gate_pictures": 1,
        "crops": 1,
        "reads": 1,
        "audit_plates": 1,
        "paid_plates": 1,
    }
    assert not await fetch("SELECT id FROM passage WHERE id = {}", passage.id)
    (entry,) = await list_entries()
    assert entry.plates is None


async def test_plates_in_the_audit_log_stay_with_their_session_and_those_of_none_go_last(gate, clients):
    inside = await stay(gate.lot_id, 900, state=SessionState.OPEN, ending=Ending.NONE, exited_at=None)
    await correct(inside, 800)
    for days in (89, 91):
        async with transaction():
            await note(
                "list.changed",
                account_id=None,
                lot_id=gate.lot_id,
                subject="list:1",
                before=None,
                after=None,
                at=days_ago(days),
                plates=("", "XY1"),
            )
    assert await kept(clients, gate.lot_id) == {"audit_plates": 1}
    assert [entry.plates for entry in await list_entries()] == [None, ("", "XY1"), ("BAB12O", PLATE)]


async def test_a_plate_noted_after_it_had_gone_goes_with_the_next_run(gate, clients):
    session = await stay(gate.lot_id, 31)
    await kept(clients, gate.lot_id)
    await correct(session, 0)
    assert await kept(clients, gate.lot_id) == {"audit_plates": 1}


async def test_where_a_receipt_was_sent_goes_after_the_days_of_paid_stays_and_the_receipt_stays(gate, clients):
    quote = Quote("EUR", (), 336, 64, 400, Fraction(19), Span(days_ago(40), days_ago(39)))
    for days in (29, 31):
        await quotes.add_quote(f"quote-{days}", gate.lot_id, 1, "T", "kim@example.org", 400, quote, days_ago(days))
    assert await kept(clients, gate.lot_id) == {"receipt_emails": 1}
    left = [await quotes.get_by_public_id(f"quote-{days}") for days in (29, 31)]
    assert [(each.email, each.quote.gross_cents) for each in left] == [("kim@example.org", 400), ("", 400)]


async def test_bookings_lose_their_plates_after_the_days_of_paid_stays(gate, clients):
    owing = await stay(gate.lot_id, 40, "XY1")
    await charge(owing, 40)
    for days, state, session_id in (
        (29, "ended", None),
        (31, "ended", None),
        (31, "arrived", None),
        (35, "ended", owing.id),
    ):
        await fetch(
            "INSERT INTO booking (lot, plate, folded, holder, starts_at, ends_at, place, spot, held_from, held_until, "
            "state, session, price_cents, fee_cents, currency, created_at) "
            "VALUES ({}, {}, {}, 'Kim', {}, {}, 1, '', {}, {}, {}, {}, 0, 0, 'EUR', {})",
            *(gate.lot_id, PLATE, PLATE, days_ago(days + 1), days_ago(days), days_ago(days + 1), days_ago(days)),
            *(state, session_id, days_ago(days)),
        )
    assert await kept(clients, gate.lot_id) == {"booking_plates": 1}
    rows = await fetch("SELECT plate, holder FROM booking ORDER BY id")
    here = (PLATE, "Kim")
    assert [(row["plate"], row["holder"]) for row in rows] == [here, ("", ""), here, here]


async def test_a_dry_run_changes_nothing(gate, clients):
    session = await stay(gate.lot_id, 40)
    passage = await drive_by(gate, clients, 40, session.id)
    await correct(session, 40)
    for _ in range(2):
        planned = await preview(gate.lot_id, NOW)
        assert sum(each.deleted for each in planned) == 5
    assert await plates_left() == [PLATE]
    assert await passages.get_passage(passage.id) == passage
    assert await clients.pictures.get(passage.crop_key)
    assert await count("deletion_log") == 0


async def test_a_second_run_deletes_nothing_more(gate, clients):
    session = await stay(gate.lot_id, 40)
    await drive_by(gate, clients, 40, session.id)
    await correct(session, 40)
    assert sum((await kept(clients, gate.lot_id)).values()) == 5
    assert await kept(clients, gate.lot_id) == {}
    assert await count("deletion_log") == 5


async def test_the_log_of_deletions_says_how_much_and_never_which(gate, clients):
    for number in range(3):
        await stay(gate.lot_id, 31, f"AA{number}")
    await kept(clients, gate.lot_id)
    ((at, who, deletion),) = await retention.list_deletions(gate.lot_id, 10)
    assert (at, who) == (NOW, "somebody")
    assert (deletion.kind.value, deletion.deleted, deletion.older_than) == ("paid_plates", 3, days_ago(30))


async def test_one_lot_s_rules_and_runs_are_no_other_s(gate, clients):
    other = await save_lot()
    for lot_id in (gate.lot_id, other.id):
        await stay(lot_id, 31)
    await lot_rules.save_rules(other.id, LotRules(paid_keep_days=60))
    await kept(clients, other.id)
    assert await plates_left() == [PLATE, PLATE]
    await run_all(clients, SECRET, NOW)
    assert await plates_left() == ["", PLATE]
    assert [who for _, who, _ in await retention.list_deletions(gate.lot_id, 10)] == ["nightly"]


async def test_at_last_no_table_knows_the_plate(gate, clients, database):
    """Of a car that entered, was corrected, asked about, booked, charged, paid and left."""
    came = await drive_by(gate, clients, 99, outcome="")
    await take_passage(clients, came.id, days_ago(99))
    left = await drive_by(gate, clients, 98, direction=Direction.EXIT, outcome="")
    await take_passage(clients, left.id, days_ago(98))
    (session,) = await sessions.list_of_plate(gate.lot_id, PLATE, days_ago(100), NOW)
    await correct(session, 98)
    await charge(session, 98)
    await pay(session, 98)
    await drive_by(gate, clients, 97, direction=Direction.EXIT, outcome="")
    await reviews.ask(gate.lot_id, Question.DOUBTFUL_EXIT, left.id, None, (Suggestion(session.id, 1.0),), days_ago(98))
    for question in await reviews.list_open(gate.lot_id):
        await reviews.decide(question.id, "assigned", None, days_ago(97))
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_parts\\_%' ESCAPE '\\'"
    if database.database_url:
        tables = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"

    async def telling() -> set[str]:
        texts = {row["name"]: str(await fetch(f'SELECT * FROM "{row["name"]}"')) for row in await fetch(tables)}
        return {name for name, text in texts.items() if PLATE in text or fold(PLATE) in text} - {
            "parking_session_parts"
        }

    assert await telling() == {"parking_session", "passage", "plate_read", "audit_plate"}
    await passages.set_outcome((await passages.list_without_outcome(NOW, 1))[0].id, "rejected", "", None)
    await kept(clients, gate.lot_id)
    assert await telling() == set()
    assert await sessions.get_session(session.id)


async def test_the_ledger_holds_no_plate(gate, clients):
    session = await stay(gate.lot_id, 31)
    await charge(session, 31)
    await pay(session, 31)
    await kept(clients, gate.lot_id)
    rows = [row for table in ("ledger_transaction", "ledger_posting") for row in await fetch(f"SELECT * FROM {table}")]
    assert len(rows) == 6
    assert all(PLATE not in str(value) and fold(PLATE) not in str(value) for row in rows for value in row.values())


class KilledError(Exception):
    """What ends a run in a test as a signal would: nothing catches it."""


class DyingStore(MemoryStore):
    """Dies at the n-th deletion."""

    def __init__(self, files: dict[str, bytes], deletions: int) -> None:
        super().__init__()
        self.files, self._left = files, deletions

    async def delete(self, key: str) -> None:
        if not self._left:
            raise KilledError
        self._left -= 1
        await super().delete(key)


@pytest.mark.parametrize("deletions", [0, 1, 3])
async def test_a_run_killed_in_between_is_taken_up_by_the_next(gate, clients, deletions):
    assert isinstance(clients.pictures, MemoryStore)
    for number in range(3):
        session = await stay(gate.lot_id, 40, f"AA{number}")
        await drive_by(gate, clients, 40, session.id)
        await correct(session, 40)
    dying = Clients(DyingStore(clients.pictures.files, deletions), clients.queue, clients.live, clients.limiter)
    with pytest.raises(KilledError):
        await run(dying, SECRET, gate.lot_id, NOW, "somebody")
    assert "" not in await plates_left()
    await run(clients, SECRET, gate.lot_id, NOW, "somebody")
    assert clients.pictures.files == {}
    assert await plates_left() == ["", "", ""]
    assert [await count(table) for table in ("passage", "plate_read", "audit_plate", "frame")] == [0, 0, 0, 0]
    logged = {each.kind.value: each.deleted for _, _, each in await retention.list_deletions(gate.lot_id, 10)}
    assert logged == dict.fromkeys(("gate_pictures", "crops", "reads", "audit_plates", "paid_plates"), 3)


async def test_more_than_a_batch_goes_in_one_run(gate, clients):
    number = service.BATCH + 3
    await fetch(
        "INSERT INTO parking_session (ticket, lot, plate, folded, plate_hash, kind, state, ending, entered_at, "
        'exited_at, "right") WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) '
        "SELECT 'T' || i, {}, 'P' || i, 'P' || i, '', '', 'closed', 'exit', {}, {}, '' FROM n",
        *(number, gate.lot_id, days_ago(41), days_ago(40)),
    )
    assert await kept(clients, gate.lot_id) == {"paid_plates": number}
    ((_, _, deletion),) = await retention.list_deletions(gate.lot_id, 10)
    assert deletion.deleted == number
