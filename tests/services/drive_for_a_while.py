"""A program: lets cars enter, pay and leave for some seconds, until one has left at least, then prints how many did."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta

from builders import stand_ins

from parkhub.db import passages as passage_rows
from parkhub.db.engine import close_database, open_database
from parkhub.domain.ledger import Account
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate
from parkhub.services import billing, payments, sessions
from parkhub.settings import load_settings

INSIDE = 20  # cars of each program that are in the lot at once
AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


async def main(folder: str, url: str, lot_id: int, camera_id: int, number: int, seconds: float) -> None:
    await open_database(load_settings(data_dir=folder, database_url=url))
    clients = stand_ins()
    entered: list[int] = []
    count = left = paid = 0
    slowest, deadline = 0.0, time.monotonic() + seconds

    async def drive(direction: Direction, car: int, at: datetime) -> int:
        plate = f"{'ABC'[number]}{car:06d}"
        passage = GatePassage(
            0,
            lot_id,
            camera_id,
            direction,
            plate,
            0.95,
            (Candidate(plate, 0.95),),
            None,
            at,
            at,
            3,
            state=PassageState.ACCEPTED,
            decided_at=at,
        )
        passage_id = await passage_rows.save_passage(passage)
        await sessions.take_passage(clients, passage_id, at)
        taken = await passage_rows.get_passage(passage_id)
        assert taken.session_id is not None, taken
        return taken.session_id

    while time.monotonic() < deadline or not left:
        began = time.monotonic()
        now = AT + timedelta(minutes=count)
        entered.append(await drive(Direction.ENTRY, count * 1117 % 999_983, now))
        if count >= INSIDE:
            car, session_id = count - INSIDE, entered[count - INSIDE]
            due = (await billing.get_bill(session_id, now)).due_cents
            await payments.pay(session_id, due, Account.CASH, f"pay-{number}-{car}", now)
            paid += due
            assert await drive(Direction.EXIT, car * 1117 % 999_983, now + timedelta(minutes=1)) == session_id
            left += 1
        count += 1
        slowest = max(slowest, time.monotonic() - began)
    await close_database()
    print(json.dumps({"entered": count, "left": left, "paid": paid, "slowest_s": round(slowest, 3)}))


if __name__ == "__main__":
    given = sys.argv
    asyncio.run(main(given[1], given[2], int(given[3]), int(given[4]), int(given[5]), float(given[6])))
