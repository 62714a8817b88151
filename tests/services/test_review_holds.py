"""Whoever looks at a question holds it, and nobody else is shown it meanwhile."""

import asyncio
from datetime import timedelta

import pytest
from builders import save_account
from stays import clients, come, later, save_priced_lot

from parkhub.db import review_holds as hold_rows
from parkhub.db import reviews as review_rows
from parkhub.domain.reviews import Question
from parkhub.services.review_holds import HELD_FOR, keep, take

pytestmark = pytest.mark.usefixtures("database")


async def ask(lot: int, count: int) -> list[int]:
    for number in range(count):
        session = await come(lot, f"AB{number}", number)
        await review_rows.ask(lot, Question.TOO_LONG, None, session.id, (), later(number))
    return [each.id for each in await review_rows.list_open(lot)]


async def test_two_people_are_never_shown_the_same_question() -> None:
    lot, kim, sam = await save_priced_lot(), await save_account("kim@x.org"), await save_account("sam@x.org")
    first, second, third = await ask(lot, 3)
    found = await asyncio.gather(*(take(clients, each.id, None, later(9)) for each in (kim, sam)))
    assert {each.id for each in found if each} == {first, second}
    assert await take(clients, kim.id, frozenset({lot + 1}), later(9)) is None
    await take(clients, kim.id, None, later(9), wanted=second)
    waiting = await hold_rows.list_waiting(None, later(9), 9)
    assert sorted(each.who for each in waiting if each.held_by) == sorted([kim.name, sam.name])
    assert third in {each.review.id for each in waiting}


async def test_a_hold_ends_by_itself_and_is_held_on_by_who_is_still_there() -> None:
    lot, kim, sam = await save_priced_lot(), await save_account("kim@x.org"), await save_account("sam@x.org")
    (only,) = await ask(lot, 1)
    assert (await take(clients, kim.id, None, later(9))) is not None
    assert await take(clients, sam.id, None, later(9)) is None
    assert await keep(clients, only, kim.id, later(10))
    assert not await keep(clients, only, sam.id, later(10))
    gone = later(10) + HELD_FOR
    assert (await take(clients, sam.id, None, gone)) is not None
    assert not await keep(clients, only, kim.id, gone + timedelta(seconds=1))


async def test_what_is_skipped_comes_again_after_the_rest() -> None:
    lot, kim = await save_priced_lot(), await save_account("kim@x.org")
    first, second = await ask(lot, 2)
    shown = []
    after = None
    for _ in range(3):
        held = await take(clients, kim.id, None, later(9), after=after)
        assert held is not None
        after = held.id
        shown.append(held.id)
    assert shown == [first, second, first]
