"""Sessions, their money and the questions about them for programs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from builders import save_lot
from visitors import EMAIL, Visitor, token_of

from parkhub.domain.lots import Lot

TARIFF = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'
WHY = "the picture shows it"
AT = "2026-11-21T12:00:00Z"


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


class Desk:
    """A signed-in program at one lot."""

    def __init__(self, visitor: Visitor, lot: Lot, token: str) -> None:
        self._visitor, self.lot, self._headers = visitor, lot, {"x-csrftoken": token, "accept": "application/json"}

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self._visitor.get(f"/api/v1{path}", params=params, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **data: Any) -> httpx.Response:
        return await self._visitor.post(f"/api/v1{path}", json=data, headers=self._headers)

    async def open(self, plate: str, minutes: float) -> int:
        answer = await self.post(f"/lots/{self.lot.slug}/sessions", plate=plate, entered_at=ago(minutes), reason=WHY)
        assert answer.status_code == 201, answer.text
        found: int = answer.json()["id"]
        return found


@pytest.fixture
async def desk(staff: Visitor) -> Desk:
    lot = await save_lot()
    token = token_of(await staff.get("/console/lots/new"))
    desk = Desk(staff, lot, token)
    published = await desk.post(f"/lots/{lot.slug}/tariffs", text=TARIFF, valid_from=ago(9999))
    assert published.status_code == 201, published.text
    return desk


async def test_a_stay_from_entry_to_receipt(desk):
    session = await desk.open("ab-1234", 90)
    shown = await desk.get(f"/sessions/{session}")
    assert (shown["session"]["plate"], shown["session"]["state"]) == ("AB1234", "open")
    assert shown["bill"]["lines"] == [{"text": "2 h at 2.00", "amount_cents": 400}]
    mistyped = await desk.post(f"/sessions/{session}/payments", amount_cents=4000, uid="till-1-0001")
    assert (mistyped.status_code, "send it again with confirm_over" in mistyped.text) == (409, True)
    paid = await desk.post(f"/sessions/{session}/payments", amount_cents=400, uid="till-1-0001", confirm_over=True)
    assert (paid.status_code, paid.json()["due_cents"]) == (201, 0)
    again = await desk.post(f"/sessions/{session}/payments", amount_cents=400, uid="till-1-0001")
    assert again.json()["due_cents"] == 0
    assert (await desk.post(f"/sessions/{session}/close", exited_at=ago(0), reason=WHY)).status_code == 200
    shown = await desk.get(f"/sessions/{session}")
    assert shown["session"]["state"] == "closed"
    assert [posted["kind"] for posted in shown["posted"]] == ["charge", "payment"]
    assert all(sum(posted["postings"].values()) == 0 for posted in shown["posted"])


async def test_a_correction_is_undone(desk):
    session = await desk.open("AB1234", 90)
    changed = (await desk.post(f"/sessions/{session}/plate", plate="AB1235", reason=WHY)).json()
    assert (await desk.get(f"/sessions/{session}"))["session"]["plate"] == "AB1235"
    undone = await desk.post(f"/corrections/{changed['audit_id']}/undo")
    assert undone.status_code == 200
    assert (await desk.get(f"/sessions/{session}"))["session"]["plate"] == "AB1234"


async def test_sessions_are_listed_a_page_at_a_time_and_found_by_a_part_of_the_plate(desk):
    ids = [await desk.open(plate, 30) for plate in ("AB1230", "CD5678", "EF9999")]
    first = await desk.get(f"/lots/{desk.lot.slug}/sessions", limit=2)
    rest = await desk.get(f"/lots/{desk.lot.slug}/sessions", limit=2, before=first["next_before"])
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_before"] is None
    found = await desk.get(f"/lots/{desk.lot.slug}/sessions", plate="b123o")
    assert [each["id"] for each in found["items"]] == ids[:1]
    assert (await desk.get(f"/lots/{desk.lot.slug}/sessions", state="closed"))["items"] == []


async def test_money_is_forgone_and_given_back_with_a_reason(desk):
    session = await desk.open("AB1234", 90)
    assert (await desk.post(f"/sessions/{session}/waivers", reason="", uid="waive-001")).status_code == 422
    waived = await desk.post(f"/sessions/{session}/waivers", reason=WHY, uid="waive-001", amount_cents=100)
    assert waived.json()["due_cents"] == 300
    await desk.post(f"/sessions/{session}/payments", amount_cents=300, uid="till-1-0001")
    refunded = await desk.post(f"/sessions/{session}/refunds", reason=WHY, uid="refund-01", amount_cents=50)
    assert (refunded.status_code, refunded.json()["refundable_cents"]) == (201, 250)


async def test_sessions_are_merged_split_cancelled_and_reopened(desk):
    one, other = await desk.open("AB1234", 90), await desk.open("AB1235", 80)
    assert (await desk.post(f"/sessions/{one}/merge", other_id=other, reason=WHY)).status_code == 200
    assert (await desk.get(f"/sessions/{other}"))["session"]["state"] == "cancelled"
    assert (await desk.post(f"/sessions/{one}/split", left_at=ago(60), came_at=ago(30), reason=WHY)).status_code == 200
    assert (await desk.get(f"/sessions/{one}"))["session"]["state"] == "closed"
    second = (await desk.get(f"/lots/{desk.lot.slug}/sessions", state="open"))["items"][0]["id"]
    assert (await desk.post(f"/sessions/{second}/cancel", reason=WHY)).status_code == 200
    assert (await desk.post(f"/sessions/{one}/reopen", reason=WHY)).status_code == 200


@pytest.mark.parametrize(
    ("path", "data", "status", "words"),
    [
        ("/sessions/1/close", {"exited_at": "2026-11-21T12:00:00", "reason": WHY}, 422, "zone"),
        ("/sessions/999/close", {"exited_at": "2026-11-21T12:00:00Z", "reason": WHY}, 404, "no such session"),
        ("/sessions/1/payments", {"amount_cents": 1, "uid": "x"}, 422, "uid"),
        ("/sessions/1/payments", {"amount_cents": 1, "uid": "till-1-0001:charge"}, 422, "uid"),
        ("/sessions/1/payments", {"amount_cents": -5, "uid": "till-1-0001"}, 422, "above zero"),
        ("/sessions/1/payments", {"amount_cents": 2**63, "uid": "till-1-0001"}, 422, "too large"),
        ("/sessions/1/payments", {"amount_cents": 10**12 + 1, "uid": "till-1-0001"}, 422, "too large"),
        ("/sessions/1/refunds", {"amount_cents": 2**64, "uid": "till-1-0001", "reason": WHY}, 422, "too large"),
        ("/sessions/1/merge", {"other_id": 2**63, "reason": WHY}, 400, "other_id"),
        ("/sessions/1/split", {"left_at": "9999-12-31T23:59:59-14:00", "came_at": AT, "reason": WHY}, 422, "centuries"),
        ("/sessions/1/close", {"exited_at": "9999-12-31T23:59:59Z", "reason": WHY}, 422, "between"),
        ("/sessions/1/cancel", {"reason": "AB 12-34 left"}, 422, "plate"),
        ("/sessions/1/cancel", {"reason": "a\x00b"}, 422, "one line"),
        ("/sessions/1/plate", {"plate": "A" * 9_999, "reason": WHY}, 422, "at most"),
        ("/lots/{lot}/sessions", {"entered_at": "0001-01-01T00:00:00Z", "reason": WHY}, 422, "last year"),
        ("/lots/{lot}/sessions", {"entered_at": "0001-01-01T00:00:00+14:00", "reason": WHY}, 422, "centuries"),
        ("/lots/{lot}/sessions", {"entered_at": "9999-01-01T00:00:00Z", "reason": WHY}, 422, "ahead"),
        ("/lots/{lot}/sessions", {"entered_at": AT, "plate": "A" * 99, "reason": WHY}, 422, "at most"),
        ("/lots/{lot}/sessions", {"entered_at": AT, "kind": "tank", "reason": WHY}, 400, "kind"),
        ("/lots/{lot}/tariffs", {"text": TARIFF, "valid_from": "0001-01-01T00:00:00+14:00"}, 422, "centuries"),
        ("/reviews/1/assign", {"session_id": 0, "reason": WHY}, 400, "session_id"),
        ("/sessions/99999999999/cancel", {"reason": WHY}, 404, "nothing"),
        ("/sessions/1/payments", {"amount_cents": "five", "uid": "till-1-0001"}, 400, "amount_cents"),
        ("/sessions/1/plate", {"plate": "X", "reason": WHY, "colour": "red"}, 400, "colour"),
        ("/sessions/1/codes", {"code": "NONE"}, 422, "does not exist"),
        ("/reviews/99/dismiss", {"reason": WHY}, 404, "no such question"),
        ("/lots/nowhere/tariffs", {"text": TARIFF, "valid_from": "2026-11-21T12:00:00Z"}, 404, "no car park"),
    ],
)
async def test_what_is_wrong_is_said(desk, path, data, status, words):
    await desk.open("AB1234", 90)
    answer = await desk.post(path.format(lot=desk.lot.slug), **data)
    assert answer.status_code == status, answer.text
    assert words in answer.text


@pytest.mark.parametrize(
    ("asked", "status", "found"),
    [
        ({"before": 2**70}, 200, 1),
        ({"before": -5}, 200, 0),
        ({"limit": 2**70}, 200, 1),
        ({"limit": 0}, 200, 1),
        ({"since": "0001-01-01T00:00:00+14:00"}, 422, 0),
        ({"until": "9999-12-31T23:59:59-14:00"}, 422, 0),
        ({"plate": "A" * 5000}, 200, 0),
        ({"plate": '"AB* OR'}, 200, 0),
        ({"plate": "%%%"}, 200, 0),
        ({"ticket": "no ticket"}, 200, 0),
    ],
    ids=str,
)
async def test_a_search_for_anything_has_an_answer(desk, asked, status, found):
    await desk.open("AB1234", 90)
    answer = await desk._visitor.get(f"/api/v1/lots/{desk.lot.slug}/sessions", params=asked)
    assert answer.status_code == status, answer.text
    assert len(answer.json().get("items", [])) == found


async def test_a_session_is_found_by_its_ticket_in_its_own_lot_only(desk):
    session = await desk.open("AB1234", 90)
    ticket = (await desk.get(f"/sessions/{session}"))["session"]["ticket"]
    typed = f"{ticket[:3].lower()}-{ticket[3:]}"
    found = await desk.get(f"/lots/{desk.lot.slug}/sessions", ticket=typed)
    assert [each["id"] for each in found["items"]] == [session]
    assert (await desk.get(f"/lots/{(await save_lot()).slug}/sessions", ticket=typed))["items"] == []


async def test_what_people_did_to_a_session_stands_with_it(desk):
    session = await desk.open("AB1234", 90)
    changed = (await desk.post(f"/sessions/{session}/plate", plate="AB1235", reason=WHY)).json()
    last, first = await desk.get(f"/sessions/{session}/history")
    assert (first["action"], last["action"]) == ("session.opened_by_hand", "session.plate_changed")
    assert (last["id"], last["reason"], last["who"]) == (changed["audit_id"], WHY, EMAIL)
    assert (last["plate_before"], last["plate_after"]) == ("AB1234", "AB1235")


async def test_a_wrong_tariff_names_its_place(desk):
    answer = await desk.post(f"/lots/{desk.lot.slug}/tariffs", text="currency: EUR\nbands: []\n", valid_from=ago(-9))
    assert answer.status_code == 422
    assert "bands" in answer.text


async def test_strangers_and_forms_of_other_sites_are_turned_away(desk, program, staff):
    assert (await program.get("/api/v1/sessions/1")).status_code == 401
    assert (await program.get(f"/api/v1/lots/{desk.lot.slug}/sessions")).status_code == 401
    session = await desk.open("AB1234", 90)
    forged = await staff.post(f"/api/v1/sessions/{session}/cancel", json={"reason": WHY})
    assert forged.status_code == 403
    assert "X-CSRFToken" in forged.json()["detail"]
    assert (await desk.get(f"/sessions/{session}"))["session"]["state"] == "open"


async def test_all_of_it_stands_in_the_description_of_the_interface(desk):
    paths = (await desk._visitor.get("/schema/openapi.json")).json()["paths"]
    for path in (
        "sessions/{session_id}",
        "sessions/{session_id}/history",
        "sessions/{session_id}/payments",
        "lots/{slug}/reviews",
        "lots/{slug}/tariffs",
        "lots/{slug}/discount-codes",
        "discount-codes/{code_id}/end",
        "lots/{slug}/rules",
        "lots/{slug}/audit",
        "cameras/{public_id}/passages",
        "passages/{passage_id}",
        "passages/{passage_id}/picture",
    ):
        assert f"/api/v1/{path}" in paths
