"""A program: tries to book places that all overlap, once it is told to, and prints how many it got."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from builders import stand_ins

from parkhub.db.engine import close_database, open_database
from parkhub.errors import ConflictError
from parkhub.services.bookings import Wish, book
from parkhub.settings import load_settings


async def main(folder: str, url: str, lot_id: int, name: str, tries: int) -> None:
    await open_database(load_settings(data_dir=folder, database_url=url))
    print("ready", flush=True)
    sys.stdin.readline()
    now, got = datetime.now(UTC), 0
    for number in range(tries):
        start = now + timedelta(days=1, minutes=number)
        try:
            await book(stand_ins(), Wish(lot_id, f"{name}{number:03}", start, start + timedelta(days=1)), None, now)
        except ConflictError:
            continue
        got += 1
    await close_database()
    print(got)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
