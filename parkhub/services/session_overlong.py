"""Sessions that stay open for longer than their lot allows: somebody is asked."""

from datetime import datetime, timedelta

from parkhub.clients import Clients
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.pay_ahead import STANDS_FOR
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, SessionState
from parkhub.services import audit, session_spans


async def close_overlong(clients: Clients, now: datetime) -> int:
    """Close, unpriced, what is open for longer than its lot allows, and ask about it; answers how many.

    A session that a person has opened again since is left open.
    """
    closed = 0
    for lot in await lot_rows.list_lots():
        minutes = (await rule_rows.get_rules(lot.id)).stay_max_minutes
        if not minutes:
            continue
        ids = await session_rows.list_overlong(lot.id, now - timedelta(minutes=minutes))
        for session_id in ids:
            closed += await _close(lot.id, session_id, now)
        if ids:
            await clients.live.announce(f"sessions:{lot.id}")
    return closed


async def _close(lot_id: int, session_id: int, now: datetime) -> bool:
    async with transaction():
        await session_rows.lock_lot(lot_id)
        session = await session_rows.get_session(session_id)
        # What is paid ahead ends by itself, or its rest is due at the exit.
        paid = session.paid_until is not None and now < session.paid_until + STANDS_FOR
        if session.state is not SessionState.OPEN or paid:
            return False
        await session_spans.close_session(session, now, Ending.TOO_LONG, f"session:{session.id}:too_long", now)
        await review_rows.ask(lot_id, Question.TOO_LONG, None, session.id, (), now)
        await audit.note(
            "session.closed_overlong",
            account_id=None,
            lot_id=lot_id,
            subject=f"session:{session.id}",
            before={"state": session.state.value},
            after={"state": SessionState.CLOSED.value, "ending": Ending.TOO_LONG.value},
            at=now,
        )
    return True
