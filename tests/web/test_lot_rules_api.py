"""Rules, tariffs, codes and the log of a lot for programs: owners change them, attendants see prices and rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot
from visitors import EMAIL, Desk, Visitor, token_of

from parkhub.web.guards import NO_RIGHT

TARIFF = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'
PAST = "2026-01-01T00:00:00Z"
CODE = {"code": "shop-1", "percent": "12.5", "uses_max": 2}


@pytest.fixture
async def lot(app: Any) -> str:
    return (await save_lot(slug="north")).slug


@pytest.fixture
async def desk(staff: Visitor, lot: str) -> Desk:
    return Desk(staff, token_of(await staff.get("/console/lots/new")))


@pytest.fixture
async def counter(attendant: Visitor, lot: str) -> Desk:
    return Desk(attendant, token_of(await attendant.get("/console")))


async def test_some_rules_are_changed_and_the_others_stay(desk: Desk) -> None:
    before = await desk.get("/lots/north/rules")
    change = {"anti_passback": True, "tariff_follows": "running", "stay_max_minutes": 0, "operator_name": "Quay GmbH"}
    answer = await desk.ask("PATCH", "/lots/north/rules", change)
    assert (answer.status_code, answer.json()) == (200, {**before, **change})
    assert await desk.get("/lots/north/rules") == {**before, **change}


@pytest.mark.parametrize(
    ("change", "status"),
    [({"stay_max_minutes": -1}, 422), ({"read_keep_days": 2**70}, 422), ({"colour": "red"}, 400)],
    ids=str,
)
async def test_a_wrong_rule_changes_none(desk: Desk, change: dict[str, Any], status: int) -> None:
    before = await desk.get("/lots/north/rules")
    answer = await desk.ask("PATCH", "/lots/north/rules", {"anti_passback": True, **change})
    assert (answer.status_code, await desk.get("/lots/north/rules")) == (status, before)


async def test_the_log_of_a_lot_is_read_a_page_at_a_time_and_by_kind(desk: Desk) -> None:
    for minutes in (10, 20, 30):
        await desk.ask("PATCH", "/lots/north/rules", {"stay_max_minutes": minutes})
    await desk.ask("POST", "/lots/north/tariffs", {"text": TARIFF, "valid_from": PAST})
    first = await desk.get("/lots/north/audit", limit=3)
    rest = await desk.get("/lots/north/audit", limit=3, before=first["next_before"])
    assert [each["action"] for each in first["items"] + rest["items"]] == ["tariff.published"] + ["rules.set"] * 3
    assert (rest["next_before"], first["items"][0]["who"]) == (None, EMAIL)
    assert first["items"][1]["after"] == {"stay_max_minutes": 30}
    only = await desk.get("/lots/north/audit", action="tariff.published", before=2**70)
    assert len(only["items"]) == 1
    assert (await desk.get("/lots/north/audit", action="\x00"))["items"] == []


async def test_a_code_is_made_given_and_ended(desk: Desk) -> None:
    await desk.ask("POST", "/lots/north/tariffs", {"text": TARIFF, "valid_from": PAST})
    entered_at = (datetime.now(UTC) - timedelta(minutes=90)).isoformat()
    opened = await desk.ask("POST", "/lots/north/sessions", {"entered_at": entered_at, "reason": "a gate was open"})
    made = await desk.ask("POST", "/lots/north/discount-codes", CODE)
    assert made.status_code == 201, made.text
    code = made.json()
    assert (code["code"], code["percent"], code["uses"]) == ("SHOP-1", "12.5", 0)
    given = await desk.ask("POST", f"/sessions/{opened.json()['id']}/codes", {"code": "Shop-1"})
    assert given.json()["due_cents"] == 350
    ended = await desk.ask("POST", f"/discount-codes/{code['id']}/end")
    assert (ended.status_code, ended.json()["uses"]) == (200, 1)
    assert (await desk.get("/lots/north/discount-codes"))["items"] == [ended.json()]
    assert (await desk.ask("POST", f"/discount-codes/{code['id'] + 1}/end")).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"minutes": 30}, 422),
        ({"percent": "0"}, 422),
        ({"percent": "100.01"}, 400),
        ({"percent": "1/3"}, 400),
        ({"percent": "٣"}, 400),
        ({"percent": "0", "amount_cents": 2**63}, 400),
        ({"code": "a b"}, 422),
        ({"uses_max": 0}, 400),
        ({"starts_at": "2026-11-21T12:00:00Z", "ends_at": "2026-11-21T12:00:00Z"}, 422),
        ({"ends_at": "9999-12-31T23:59:59-14:00"}, 422),
    ],
    ids=str,
)
async def test_what_is_no_code_is_not_made(desk: Desk, change: dict[str, Any], status: int) -> None:
    answer = await desk.ask("POST", "/lots/north/discount-codes", {**CODE, **change})
    assert answer.status_code == status, answer.text
    assert (await desk.get("/lots/north/discount-codes"))["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("PATCH", "/lots/north/rules", {"anti_passback": True}),
        ("POST", "/lots/north/tariffs", {"text": TARIFF, "valid_from": PAST}),
        ("POST", "/lots/north/discount-codes", CODE),
        ("POST", "/discount-codes/1/end", None),
        ("GET", "/lots/north/audit", None),
    ],
)
async def test_what_decides_over_prices_is_the_owners(counter: Desk, method: str, path: str, data: Any) -> None:
    answer = await counter.ask(method, path, data)
    assert (answer.status_code, answer.json()["detail"]) == (403, NO_RIGHT)


async def test_attendants_see_prices_and_rules(counter: Desk) -> None:
    for path in ("rules", "tariffs", "discount-codes", "reviews", "sessions"):
        await counter.get(f"/lots/north/{path}")


async def test_strangers_see_none_of_it(program: Visitor, lot: str) -> None:
    for path in ("rules", "tariffs", "discount-codes", "audit", "reviews"):
        assert (await program.get(f"/api/v1/lots/north/{path}")).status_code == 401
