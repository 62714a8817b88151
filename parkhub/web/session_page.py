"""One session in the console: what happened to it, what it costs, and everything that staff can do to it."""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Router, get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from parkhub.clients import Clients
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lots as lot_rows
from parkhub.db import passages as passage_rows
from parkhub.db import payments as payment_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db import refunds as refund_rows
from parkhub.db import reviews as review_rows
from parkhub.domain.accounts import Account
from parkhub.domain.audit import AuditEntry, EntryFilter
from parkhub.domain.ledger import ACCOUNT_WORDS
from parkhub.domain.money import format_amount
from parkhub.domain.passages import Direction, GatePassage
from parkhub.domain.payments import PaymentState
from parkhub.domain.receipts import credit_note_number
from parkhub.domain.rights import Right
from parkhub.domain.sessions import SessionState
from parkhub.errors import NotFoundError
from parkhub.services import audit, billing
from parkhub.services.receipts import get_receipt
from parkhub.services.session_changes import is_correction
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.passages import load_shot
from parkhub.web.provider_payments_api import payment_item
from parkhub.web.session_forms import read_id
from parkhub.web.session_view import ACTIONS, QUESTIONS, SessionView
from parkhub.web.templating import AnyRequest, page

HISTORY: Final = 200
DONE: Final = {
    "begun": "The session has begun.",
    "paid": "The payment is booked.",
    "waived": "It is waived.",
    "refunded": "It is booked as given back.",
    "asked": "The payment provider was asked to give it back.",
    "code": "The code is used.",
    "opened": "The barrier was told to open.",
}


async def load_view(account: Account, session_id: int, now: datetime) -> SessionView:
    """A session with all that is known of it. Raises NotFoundError, also for one that is only begun."""
    bill = await billing.get_bill(session_id, now)
    session = bill.session
    if session.state is SessionState.BEGUN:
        raise NotFoundError("There is no such session.")
    passages = {each.id: each for each in await passage_rows.list_of_session(session.id)}
    for passage_id in (session.entry_passage_id, session.exit_passage_id):
        if passage_id is not None and passage_id not in passages and (found := await _passage(passage_id)):
            passages[found.id] = found
    wanted = EntryFilter(subject=f"session:{session.id}")
    return SessionView(
        account=account,
        bill=bill,
        lot=await lot_rows.get_lot(session.lot_id),
        now=now,
        passages=sorted(passages.values(), key=lambda each: each.first_at),
        posted=await ledger_rows.list_of_session(session.id),
        entries=(await audit.list_entries(wanted, limit=HISTORY))[::-1],
        reviews=await review_rows.list_all_of_session(session.id),
        openings=await opening_rows.list_of_session(session.id),
        cameras={each.id: each.name for each in await camera_rows.list_cameras(session.lot_id)},
    )


async def _other_entry(session_id: int, number: str) -> AuditEntry | None:
    """A correction that stands with another session, but changed this one too, as a split does."""
    with suppress(NotFoundError):
        found = await audit.get_entry(read_id(number) or 0)
        if is_correction(found) and str(session_id) in (found.after or {}):
            return found
    return None


async def _passage(passage_id: int) -> GatePassage | None:
    try:
        return await passage_rows.get_passage(passage_id)
    except NotFoundError:
        return None


async def show_session(
    request: AnyRequest,
    clients: Clients,
    session_id: int,
    status_code: int = 200,
    wrong: str = "",
    form: str = "",
    given: Mapping[str, str] | None = None,
    done: str = "",
) -> Template:
    """A session's page; ``wrong`` is what is wrong with the ``form`` of that name, which comes back as ``given``."""
    now, account = datetime.now(UTC), request.user
    view = await load_view(account, session_id, now)
    session, bill = view.session, view.bill
    zone = ZoneInfo(view.lot.time_zone)
    due = max(0, bill.due_cents)
    usual = {
        "plate": session.plate if view.sees else "",
        "exited_at": f"{(session.exited_at or now).astimezone(zone):%Y-%m-%dT%H:%M:%S}",
        "left_at": "",
        "came_at": "",
        "amount": format_amount(due, bill.currency) if due and bill.currency else "",
        "tender": "cash",
    }
    done_entry = next((each for each in view.entries if str(each.id) == done), None)
    if done_entry is None and (other := await _other_entry(session.id, done)):
        done_entry, view = other, replace(view, entries=[*view.entries, other])
    barriers = [each for each in await barrier_rows.list_barriers(session.lot_id) if each.enabled]
    shots = []
    if view.sees:
        shots = [await load_shot(clients, each, view.cameras.get(each.camera_id, "")) for each in view.passages]
    paid = [await payment_item(each) for each in await payment_rows.list_of_session(session.id)]
    return page(
        request,
        "sessions/session.html",
        status_code=status_code,
        view=view,
        session=session,
        bill=bill,
        books=bill.books,
        lot=view.lot,
        now=now,
        shots=shots,
        payments=[each for each in paid if each.state in (PaymentState.PAID, PaymentState.PROCESSING)],
        refused=await refund_rows.list_refused(session.id),
        receipts=[await get_receipt(each) for each in await receipt_rows.list_of_session(session.id)],
        credit_note_number=credit_note_number,
        barriers=sorted(barriers, key=lambda each: each.side is not Direction.EXIT),
        questions=QUESTIONS,
        accounts=ACCOUNT_WORDS,
        given=defaultdict(str, {**usual, **(given or {})}),
        wrong=wrong,
        form=form,
        done=ACTIONS.get(done_entry.action, "Done") + "." if done_entry else DONE.get(done, ""),
        undo=next((each.undo for each in view.events if done_entry and each.undo == done_entry.id), None),
        uid=(given or {}).get("uid") or secrets.token_hex(10),
        may_run=account.may(Right.RUN, view.lot.id),
        may_refund=account.may(Right.REFUND, view.lot.id),
    )


@get("/console/sessions/{session_id:int}")
async def show(
    request: AnyRequest, clients: GivenClients, session_id: FromPath[int], done: FromQuery[str] = ""
) -> Template:
    """One session."""
    return await show_session(request, clients, session_id, done=done)


def sent(form: Any) -> dict[str, str]:
    """A form's fields as they were typed; several forms of a page have the same, told apart by what follows a dash."""
    return {name.partition("-")[0]: str(value) for name, value in form.items() if name != "_csrf_token"}


routes = [Router("/", route_handlers=[show], guards=[needs(Right.READ)], include_in_schema=False)]
