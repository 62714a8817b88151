"""Past stays as a trial of a tariff needs them, on both databases."""

from datetime import timedelta
from fractions import Fraction

from builders import NOW, after, save_lot, save_session

from parkhub.db import discount_codes as code_rows
from parkhub.db import tariff_trials
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.sessions import Ending, SessionState
from parkhub.domain.vehicles import VehicleKind

TARIFF = "currency: EUR\nbands: [{rate: {type: flat, price: 3}}]"


async def test_stays_by_the_tariff_alone_are_loaded_and_the_others_counted(database):
    lot = await save_lot()
    other = await save_lot()
    ended = {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": after(3600)}
    plain = await save_session(lot.id, "AB1", leave_by=after(3700), **ended)
    await save_session(lot.id, "AB2", kind=VehicleKind.CAR, **{**ended, "ending": Ending.BY_HAND})
    for plate, given in (
        ("AB3", {"right": "permit"}),
        ("AB4", {"booking_id": 7}),
        ("AB5", {"paid_until": after(60)}),
        ("AB6", {"ending": Ending.LOST_TICKET}),
        ("AB7", {"kind": VehicleKind.TRUCK}),
        ("AB8", {"entered_at": NOW - timedelta(days=8)}),
        ("AB9", {"state": SessionState.OPEN, "exited_at": None, "ending": Ending.NONE}),
    ):
        await save_session(lot.id, plate, **{**ended, **given})
    await save_session(other.id, "AB1", **ended)
    await code_rows.add_code(lot.id, Discount("HALF", percent=Fraction(50)), CodeLimits())
    code = await code_rows.find_code(lot.id, "HALF")
    assert code is not None
    await code_rows.give(plain.id, code.id, NOW)
    kinds = (None, VehicleKind.CAR)
    past = await tariff_trials.load_past(lot.id, kinds, NOW - timedelta(days=7), after(60), 9)
    assert sorted([each.code for each in stay.codes] for stay in past.stays) == [[], ["HALF"]]
    assert {stay.leave_by for stay in past.stays} == {None, after(3700)}
    assert (past.on_permit, past.booked, past.paid_ahead, past.ended_otherwise) == (1, 1, 1, 1)
    assert len((await tariff_trials.load_past(lot.id, kinds, NOW, after(60), 1)).stays) == 1
    empty = await tariff_trials.load_past(lot.id, kinds, after(60), after(120), 9)
    assert (empty.stays, empty.on_permit) == ([], 0)


async def test_a_version_is_used_once_a_stay_was_priced_by_it(database):
    lot = await save_lot()
    version = await tariff_rows.add_version(lot.id, None, TARIFF, NOW, None, NOW, "why")
    assert (version.note, await tariff_rows.is_used(version.id)) == ("why", False)
    await save_session(lot.id, tariff_id=version.id)
    assert await tariff_rows.is_used(version.id)
