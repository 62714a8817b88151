"""Drivers, and strangers, look for a stay."""

import logging
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from builders import save_lot
from drivers import PLATE, save_paid_lot, save_stay
from litestar import Litestar
from visitors import Visitor, visit

from parkhub.domain.sessions import ParkingSession
from parkhub.services import own_parking

BERLIN = ZoneInfo("Europe/Berlin")


def at(session: ParkingSession, minutes: float = 0) -> str:
    """When it came in by the lot's clock."""
    return f"{(session.entered_at + timedelta(minutes=minutes)).astimezone(BERLIN):%H:%M}"


async def ask(visitor: Visitor, slug: str = "harbour", **fields: str) -> httpx.Response:
    return await visitor.send_form(f"/pay/{slug}", **fields)


def plain(answer: httpx.Response) -> str:
    """The page without the form's token and without what was typed."""
    text = re.sub(r'name="_csrf_token" value="\w+"', "", answer.text)
    return re.sub(r'(id="(?:plate|arrived)" [^>]*value=")[^"]*"', r"\1", text)


async def test_the_page_asks_for_a_plate_or_a_ticket_and_is_kept_by_nobody(visitor: Visitor) -> None:
    await save_paid_lot(slug="harbour", name="Harbour Street")
    answer = await visitor.get("/pay/harbour")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    for name in ("plate", "arrived", "ticket"):
        assert re.search(f'<label for="{name}">', answer.text)
    assert "Test payments. No money moves." in answer.text
    assert (await visitor.get("/pay/nowhere")).status_code == 404


async def test_who_knows_plate_and_time_gets_to_the_stay_and_no_address_has_the_plate(visitor: Visitor) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"))
    answer = await ask(visitor, plate="pkh 4827", arrived=at(stay, 20))
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert re.fullmatch(r"/pay/stays/[\w-]{43}", where)
    page = await visitor.get(where)
    assert f'<span class="plate plate-l">{PLATE}</span>' in page.text
    assert PLATE not in re.search("<title>(.*)</title>", page.text)[1]  # type: ignore[index]


async def test_a_ticket_alone_is_enough_however_it_is_typed(visitor: Visitor) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"), plate="")
    ticket = stay.ticket
    answer = await ask(visitor, ticket=f" {ticket[:3]} {ticket[3:6]}-{ticket[6:]} ".lower())
    assert answer.status_code == 303
    assert ticket in (await visitor.get(answer.headers["location"])).text


async def test_a_stranger_with_a_plate_is_answered_alike_whether_it_is_there_or_not(visitor: Visitor) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"))
    here = await ask(visitor, plate=PLATE, arrived=at(stay, 300))
    away = await ask(visitor, plate="ABC1234", arrived=at(stay, 300))
    assert (here.status_code, away.status_code) == (404, 404)
    assert "We found nothing that fits." in here.text
    assert plain(here) == plain(away)
    assert [(k, v) for k, v in here.headers.items() if k != "content-length"] == [
        (k, v) for k, v in away.headers.items() if k != "content-length"
    ]


async def test_a_plate_one_letter_off_is_offered_by_its_time_alone(visitor: Visitor) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"))
    answer = await ask(visitor, plate="PKH4829", arrived=at(stay, -10))
    assert answer.status_code == 200
    assert PLATE not in answer.text
    assert "<img" not in answer.text
    assert re.search(f"I came in at [^<]*{at(stay)}", answer.text)
    [where] = re.findall(r'href="(/pay/stays/[\w-]+)"', answer.text)
    assert PLATE in (await visitor.get(where)).text


async def test_tickets_and_plates_of_another_lot_are_unknown(visitor: Visitor) -> None:
    stay = await save_stay(await save_lot())
    await save_paid_lot(slug="harbour")
    assert (await ask(visitor, ticket=stay.ticket)).status_code == 404
    assert (await ask(visitor, plate=PLATE, arrived=at(stay))).status_code == 404


async def test_a_car_that_has_left_is_not_found_by_its_plate(visitor: Visitor) -> None:
    from parkhub.domain.sessions import Ending, SessionState

    gone = {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": datetime.now(UTC)}
    stay = await save_stay(await save_paid_lot(slug="harbour"), **gone)
    assert (await ask(visitor, plate=PLATE, arrived=at(stay))).status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"plate": "", "arrived": "12:00"}, "Type the letters and digits of your number plate."),
        ({"plate": "X", "arrived": "12:00"}, "Type the letters and digits of your number plate."),
        ({"plate": PLATE, "arrived": ""}, "Say about when you came in, such as 14:30."),
        ({"plate": PLATE, "arrived": "25:00"}, "Say about when you came in, such as 14:30."),
        ({}, "Type the letters and digits of your number plate."),
    ],
)
async def test_what_is_missing_is_said_at_its_field(visitor: Visitor, fields: dict[str, str], says: str) -> None:
    await save_paid_lot(slug="harbour")
    answer = await ask(visitor, **fields)
    assert answer.status_code == 422
    assert re.search(rf'<span class="error" id="\w+-error">{re.escape(says)}</span>', answer.text)
    assert 'aria-invalid="true"' in answer.text


async def test_guessing_times_of_a_plate_ends_alike_for_known_and_unknown_ones(app: Litestar) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"))
    ends = []
    for plate in (PLATE, "ABC1234"):
        async with visit(app) as stranger:
            codes = [(await ask(stranger, plate=plate, arrived=at(stay, 300))).status_code for _ in range(5)]
            last = await ask(stranger, plate=plate, arrived=at(stay))
            ends.append((codes, last.status_code, plain(last)))
    assert ends[0] == ends[1]
    assert ends[0][:2] == ([404] * 5, 429)
    assert "ask the attendant" in ends[0][2]


async def test_one_address_cannot_try_many_plates(app: Litestar) -> None:
    await save_paid_lot(slug="harbour")
    async with visit(app) as stranger:
        for number in range(own_parking.TRIES_PER_ADDRESS):
            assert (await ask(stranger, ticket=f"{number}")).status_code == 404
        answer = await ask(stranger, ticket="2345678AB")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 60


async def test_who_finds_it_has_the_tries_again(visitor: Visitor) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"))
    for _ in range(8):
        assert (await ask(visitor, plate=PLATE, arrived=at(stay))).status_code == 303


async def test_no_log_has_the_plate(
    visitor: Visitor, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    stay = await save_stay(await save_paid_lot(slug="harbour"))
    caplog.set_level(logging.DEBUG)
    await visitor.get((await ask(visitor, plate=PLATE, arrived=at(stay))).headers["location"])
    said = capsys.readouterr()
    assert PLATE not in said.out + said.err + caplog.text


async def test_a_form_from_elsewhere_is_refused(visitor: Visitor) -> None:
    await save_paid_lot(slug="harbour")
    assert (await visitor.post("/pay/harbour", data={"plate": PLATE, "arrived": "12:00"})).status_code == 403


async def test_the_page_speaks_the_drivers_language(visitor: Visitor) -> None:
    await save_paid_lot(slug="harbour")
    answer = await visitor.get("/pay/harbour", headers={"accept-language": "fr"})
    assert '<html lang="fr">' in answer.text
