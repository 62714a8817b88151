"""A lot with a price and a camera at its gate, for tests of what cars that go by it begin and end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from builders import save_camera, save_lot, stand_ins

from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.vehicles import VehicleKind
from parkhub.services import billing, sessions, tariffs

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
TARIFF = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'


class Gate:
    """One lot with a camera; says what went by and hears what became of it."""

    def __init__(self, lot_id: int, camera_id: int) -> None:
        self.lot_id = lot_id
        self.camera_id = camera_id
        self.clients = stand_ins()

    async def saw(self, direction: Direction | None, plate: str, minutes: float, **more: Any) -> GatePassage:
        """A passage that has been accepted, so many minutes after the beginning; taken at once, or ``later``."""
        at = AT + timedelta(minutes=minutes)
        candidates = (Candidate(plate, 0.9),) if plate else ()
        passage = GatePassage(
            0,
            self.lot_id,
            self.camera_id,
            direction,
            plate,
            more.pop("confidence", 0.9),
            more.pop("candidates", candidates),
            more.pop("kind", VehicleKind.CAR),
            at,
            at + timedelta(seconds=4),
            5,
            state=PassageState.ACCEPTED,
            decided_at=at,
        )
        passage_id = await passage_rows.save_passage(passage)
        if not more.pop("later", False):
            await sessions.take_passage(self.clients, passage_id, at + timedelta(seconds=10))
        assert not more
        return await passage_rows.get_passage(passage_id)

    async def entry(self, plate: str, minutes: float, **more: Any) -> GatePassage:
        return await self.saw(Direction.ENTRY, plate, minutes, **more)

    async def exit(self, plate: str, minutes: float, **more: Any) -> GatePassage:
        return await self.saw(Direction.EXIT, plate, minutes, **more)

    async def asked(self) -> list[Question]:
        return [review.question for review in await review_rows.list_open(self.lot_id)]

    async def all(self) -> list[ParkingSession]:
        """Every session, the first first."""
        never = datetime(9999, 1, 1, tzinfo=UTC)
        found = await session_rows.list_sessions(self.lot_id, None, AT - timedelta(days=9), never, 2**60, 500)
        return found[::-1]

    async def charged(self, session_id: int | None) -> int:
        assert session_id is not None
        return (await billing.get_bill(session_id, AT + timedelta(days=30))).books.charged_cents


async def a_gate() -> Gate:
    """The lot, two euros for every hour that has begun."""
    lot = await save_lot()
    await tariffs.publish(lot.id, None, TARIFF, AT - timedelta(days=1), None, AT)
    return Gate(lot.id, (await save_camera(lot)).id)
