"""Letters: kept with what they tell of, sent once, forgotten."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import NOW, stand_ins

from parkhub.clients import Clients
from parkhub.clients.mail import MemoryMailer
from parkhub.db import mail as rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain.mail import LetterState
from parkhub.errors import BusyError, InvalidInputError, ParkHubError
from parkhub.letters import Letter
from parkhub.services import mail

TO = "kim@example.org"
FACTS: Mapping[str, object] = {"link": "https://park.example.org/account/enter/x", "minutes": 15}


class Moody(MemoryMailer):
    """Fails as told, then takes everything."""

    def __init__(self, *moods: ParkHubError) -> None:
        super().__init__()
        self.moods = list(moods)

    async def send(self, letter: Letter) -> None:
        if self.moods:
            raise self.moods.pop(0)
        await super().send(letter)


async def write(uid: str = "one", to: str = TO, language: str = "en", until: timedelta | None = None) -> bool:
    return await mail.write(uid, to, language, "sign_in", FACTS, NOW, NOW + until if until else None)


def at(now: datetime) -> Callable[[], datetime]:
    return lambda: now


def by(mailer: MemoryMailer) -> Clients:
    return replace(stand_ins(), mail=mailer)


async def test_a_letter_is_kept_once_and_sent_once_to_the_address_in_its_language(database: object) -> None:
    assert await write(to=" Kim@Example.org ", language="de")
    assert not await write()
    post = MemoryMailer()
    assert await mail.send_due(by(post), at(NOW)) == 1
    assert await mail.send_due(by(post), at(NOW + timedelta(days=1))) == 0
    assert [(sent.to, sent.language) for sent in post.sent] == [(TO, "de")]
    assert "https://park.example.org/account/enter/x" in post.sent[0].text
    assert "https://park.example.org/account/enter/x" in post.sent[0].html


async def test_a_transaction_that_fails_takes_its_letter_back(sqlite_open: object) -> None:
    async def fail() -> None:
        async with transaction():
            await write()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await rows.find_state("one") is None


async def test_when_it_has_ended_nobody_can_tell_whom_it_went_to_or_what_it_said(database: object) -> None:
    for uid in ("first", "second"):
        await write(uid)
    clients = by(Moody(InvalidInputError("The mail server refuses this address (550).")))
    await mail.send_due(clients, at(NOW))
    kept = await fetch("SELECT uid, state, address, facts FROM letter ORDER BY id")
    assert [(row["uid"], row["state"]) for row in kept] == [("first", "refused"), ("second", "sent")]
    assert {row["address"] + row["facts"] for row in kept} == {""}
    assert not await write("first"), "its uid is known still"


async def test_a_server_that_is_away_is_asked_again_ever_more_seldom_and_three_days_long(sqlite_open: object) -> None:
    await write()
    clients = by(Moody(*[BusyError("The mail server is away.")] * 1000))
    now, tries, gap = NOW, 0, timedelta(0)
    while await rows.find_state("one") is LetterState.WAITING:
        due = (await fetch("SELECT next_at FROM letter"))[0]["next_at"]
        assert due - now >= gap or due == NOW + timedelta(days=3)
        now, gap = due, min(due - now, timedelta(hours=4))
        assert await mail.send_due(clients, at(now)) == 0
        tries += 1
    assert now == NOW + timedelta(days=3)
    assert 20 < tries < 40
    assert await rows.find_state("one") is LetterState.GIVEN_UP


async def test_a_letter_is_not_sent_when_its_time_is_over(sqlite_open: object) -> None:
    await write(until=timedelta(minutes=15))
    post = MemoryMailer()
    assert await mail.send_due(by(post), at(NOW + timedelta(minutes=15))) == 0
    assert post.sent == []


async def test_what_a_killed_process_had_taken_is_sent_a_minute_later(database: object) -> None:
    await write()
    [letter_id] = await rows.list_due(NOW, 10)
    assert await rows.take(letter_id, NOW, NOW + mail.TAKEN_FOR) is not None  # and is killed here
    post = MemoryMailer()
    assert await mail.send_due(by(post), at(NOW + timedelta(seconds=59))) == 0
    assert await mail.send_due(by(post), at(NOW + timedelta(seconds=61))) == 1


async def test_several_at_once_send_each_letter_once(database: object) -> None:
    for number in range(12):
        await write(f"letter {number}")
    post = MemoryMailer()
    sent = await asyncio.gather(*(mail.send_due(by(post), at(NOW)) for _ in range(3)))
    assert sum(sent) == len(post.sent) == len({letter.key for letter in post.sent}) == 12


async def test_of_two_who_share_a_slow_server_neither_sends_what_the_other_has_in_hand(sqlite_open: object) -> None:
    now = NOW

    class Slow(MemoryMailer):
        async def send(self, letter: Letter) -> None:
            nonlocal now
            await super().send(letter)
            now += timedelta(seconds=25)
            if len(self.sent) == 3:  # 75 s after the first was taken, with the third in hand
                await mail.send_due(by(self), lambda: now)

    for number in range(6):
        await write(f"letter {number}")
    post = Slow()
    assert await mail.send_due(by(post), lambda: now) == 3, "after a minute the next run goes on"
    assert len(post.sent) == len({letter.key for letter in post.sent}) == 6


async def test_a_letter_whose_template_cannot_be_filled_keeps_no_other_back(sqlite_open: object) -> None:
    await mail.write("wrong", TO, "en", "sign_in", {}, NOW)
    await write()
    post = MemoryMailer()
    assert await mail.send_due(by(post), at(NOW)) == 1
    assert await rows.find_state("wrong") is LetterState.WAITING


async def test_while_the_server_is_away_not_every_letter_waits_for_it(sqlite_open: object) -> None:
    for number in range(9):
        await write(f"letter {number}")
    moody = Moody(*[BusyError("The mail server is away.")] * 9)
    await mail.send_due(by(moody), at(NOW))
    assert len(moody.moods) == 6


@pytest.mark.parametrize("to", ["", "kim", "kim@example.org\nbcc: all@example.org", "a@b.c, d@e.fg", "<x@y.zz>"])
async def test_what_is_no_address_gets_no_letter(sqlite_open: object, to: str) -> None:
    with pytest.raises(InvalidInputError):
        await write(to=to)


async def test_what_is_left_of_letters_goes_in_the_end(database: object) -> None:
    await write()
    await mail.send_due(by(MemoryMailer()), at(NOW))
    assert await mail.delete_old(NOW + mail.ENDED_KEPT) == 0
    assert await mail.delete_old(NOW + mail.ENDED_KEPT + timedelta(seconds=1)) == 1
