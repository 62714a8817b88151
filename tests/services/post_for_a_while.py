"""A program: charges and pays sessions for some seconds, then prints how often."""

import asyncio
import sys
import time
from datetime import UTC, datetime

from parkhub.db.engine import close_database, open_database, transaction
from parkhub.domain import entries
from parkhub.domain.ledger import Account, Kind, Posting
from parkhub.services.ledger import Event, post_event
from parkhub.settings import load_settings

SECONDS = 4.0


async def main(folder: str, url: str, lot_id: int, number: int) -> None:
    await open_database(load_settings(data_dir=folder, database_url=url))
    count, deadline = 0, time.monotonic() + SECONDS

    def event(kind: Kind, session: int) -> Event:
        return Event(f"{kind}-{number}-{count}", lot_id, session, kind, "EUR", datetime.now(UTC))

    while time.monotonic() < deadline:
        session = 0 if count % 20 == 0 else 1_000_000 * (number + 1) + count
        async with transaction():
            assert await post_event(
                event(Kind.CHARGE, session),
                lambda books: (Posting(Account.RECEIVABLE, 100), Posting(Account.REVENUE, -100)),
            )
        assert await post_event(
            event(Kind.PAYMENT, session), lambda books: entries.payment(books, 100, Account.CLEARING)
        )
        count += 1
    await close_database()
    print(count)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
